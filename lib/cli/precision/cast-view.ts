// SPDX-License-Identifier: Apache-2.0
import type { CastToReport } from '../../compress/cast';
import type { CommandContext } from '../command';
import { formatFacts, indent } from '../terminal/table';
import { plural } from '../values/format';
import { formatMeasured } from '../compress/measured-view';
import type { CompressionFiles } from '../compress/run-compression';
import { formatKept, formatScore } from './report-parts';

/** What `cast` has to tell. */
export type CastFacts = CompressionFiles<CastToReport>;

/** The result for people. */
export function formatCast({ output, report, compression }: CastFacts, context: CommandContext): string[] {
  const { style } = context.terminal;
  const { precision, reduced, kept, casts, dataRuns, score } = report;
  const rows: (readonly [string, string])[] = [
    ['nodes', `${plural(reduced, 'node')} in ${precision}, ${kept.length} kept in fp32`],
    ['casts', String(casts)],
    [
      'data',
      dataRuns === 0 ? 'none: activations beyond the range would not be seen' : plural(dataRuns, 'run'),
    ],
    ...(score === undefined ? [] : [['outputs', formatScore(score)] as const]),
  ];
  return [
    `${style.green('cast')}  ${style.bold(output)}`,
    ...indent(formatFacts(rows, style.dim)),
    ...formatKept(
      kept.map(({ node, op, reason }) => [node, `${op}: ${reason}`]),
      context,
    ),
    '',
    ...formatMeasured(compression, context),
  ];
}
