// SPDX-License-Identifier: Apache-2.0
import type { Divergence, InnerDifference, Validation } from '../../evaluate';
import { formatTable, indent } from '../terminal/table';
import type { Terminal } from '../terminal/terminal';
import { printable } from '../terminal/text-width';
import { digits3, formatMs, plural } from '../values/format';

/** What `validate` found, for people. */
export function formatValidation(validation: Validation, { style }: Terminal): string[] {
  const { passed, candidate, source, runs, elapsedMs, tolerance, precision } = validation;
  const verdict = passed ? style.green('passed') : style.red('failed');
  const scale = tolerance.isScaled ? ' of the largest magnitude' : '';
  const limits = `tolerance of ${precision}: atol ${tolerance.atol}${scale}, rtol ${tolerance.rtol}`;
  return [
    `${verdict}  ${style.bold(printable(candidate))} against ${style.bold(printable(source))}  ${style.dim(`${plural(runs, 'run')}, ${formatMs(elapsedMs)}`)}`,
    '',
    ...indent(outputsTable(validation, style.dim)),
    ...indent([style.dim(limits)]),
    ...(validation.divergence === null ? [] : ['', ...indent(divergenceView(validation.divergence))]),
    ...(validation.divergenceNote === undefined
      ? []
      : ['', ...indent([printable(validation.divergenceNote)])]),
  ];
}

function outputsTable({ outputs }: Validation, dim: (text: string) => string): string[] {
  const titles = ['output', 'largest error', 'relative', 'cosine', 'SQNR dB', 'outside', ''];
  const columns = titles.map((title, index) =>
    index === 0 || title === '' ? { title } : { title, align: 'right' as const },
  );
  const rows = outputs.map((one) => [
    printable(one.output),
    number(one.largestError),
    number(one.largestRelativeError),
    one.cosine === null ? 'NaN' : one.cosine.toFixed(7),
    one.sqnrDb === null ? (one.worst === null ? 'equal' : 'NaN') : one.sqnrDb.toFixed(1),
    `${one.outside} of ${one.elements}`,
    one.passed ? 'passed' : 'failed',
  ]);
  return formatTable(columns, rows, dim);
}

function divergenceView({ first, lastGood, tensors }: Divergence): string[] {
  if (first === null)
    return [
      `No inner tensor is outside of the tolerance by itself (${plural(tensors, 'tensor')} looked at): the error adds up, or a fusion makes it.`,
    ];
  return [
    `The two part at ${describe(first)}`,
    ...(lastGood === null ? [] : [`The last good one is ${describe(lastGood)}`]),
  ];
}

function describe({ tensor, node, op, largestError, sqnrDb }: InnerDifference): string {
  const ratio = sqnrDb === null ? '' : `, ${sqnrDb.toFixed(1)} dB`;
  return `${printable(node)} (${op}), tensor '${printable(tensor)}': largest error ${number(largestError)}${ratio}`;
}

function number(value: number | null): string {
  return value === null ? 'NaN' : digits3(value);
}
