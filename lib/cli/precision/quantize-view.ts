// SPDX-License-Identifier: Apache-2.0
import type { QuantizationReport, Trial } from '../../compress/quantize-report';
import type { CommandContext } from '../command';
import { formatFacts, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { formatBytes, plural } from '../values/format';
import { formatKept, formatScore } from './report-parts';

/** What `quantize` has to tell. */
export interface QuantizeFacts {
  readonly input: string;
  readonly output: string;
  readonly bytes: { readonly before: number; readonly after: number };
  readonly report: QuantizationReport;
}

/** The document of `quantize --json`. */
export function quantizeDocument({ input, output, bytes, report }: QuantizeFacts): unknown {
  return { input, output, bytes, ...report };
}

/** The result for people. */
export function formatQuantize(facts: QuantizeFacts, context: CommandContext): string[] {
  const { style } = context.terminal;
  const { report, output, bytes } = facts;
  const { score } = report;
  const what = report.weightOnly ? 'weights' : 'weights and activations';
  const rows: (readonly [string, string])[] = [
    [
      'layers',
      `${plural(report.quantized.length, 'layer')} in ${report.type} (${what}), the rest in ${report.rest}`,
    ],
    ['size', `${formatBytes(bytes.before)} → ${formatBytes(bytes.after)}`],
    ['ranges', formatTrials(report.decisions.method, report.methods)],
    ['equalised', formatTrials(formatExponent(report), report.equalization)],
    ...(report.smallLayers.length === 0
      ? []
      : [
          [
            'small layers',
            formatTrials(report.decisions.smallLayers ? 'quantised' : 'float', report.smallLayers),
          ] as const,
        ]),
    ...(report.corrections.length === 0
      ? []
      : [['corrections', formatTrials(report.rounding, report.corrections)] as const]),
    ...(score === undefined ? [] : [['outputs', formatScore(score)] as const]),
    ['data', formatRuns(report)],
  ];
  return [
    `${style.green('quantised')}  ${style.bold(output)}`,
    ...indent(formatFacts(rows, style.dim)),
    ...formatKept(kept(report), context),
    ...report.warnings.map((warning) => `${style.yellow('warning')}  ${printable(warning)}`),
  ];
}

function formatTrials(chosen: string, tried: readonly Trial[]): string {
  const list = tried.map(({ choice, sqnrDb }) => `${choice} ${sqnrDb.toFixed(1)} dB`).join(', ');
  return list === '' ? chosen : `${chosen}  (${list})`;
}

function formatExponent({ decisions: { exponent } }: QuantizationReport): string {
  return exponent === null ? 'no' : `by ${exponent}`;
}

function formatRuns({ dataRuns: { fit, judge, shared } }: QuantizationReport): string {
  if (fit === 0) return 'none';
  return shared
    ? `${plural(fit, 'run')}, for ranges and for choices`
    : `${plural(fit, 'run')} for ranges, ${judge} for choices`;
}

function kept({ kept: nodes, keptForBound }: QuantizationReport): (readonly [string, string])[] {
  const bound = new Set(keptForBound.map(({ node }) => node));
  const others = nodes.filter(({ node }) => !bound.has(node));
  return [
    ...keptForBound.map(({ node, reason }) => [node, reason] as const),
    ...others.map(({ node, op, reason }) => [node, `${op}: ${reason}`] as const),
  ];
}
