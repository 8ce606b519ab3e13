// SPDX-License-Identifier: Apache-2.0
import type { FactorizedLayer, FactorizeReport } from '../../compress/factorize';
import type { CommandContext } from '../command';
import { formatScore } from '../precision/report-parts';
import { formatFacts, formatTable, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { formatCount, plural } from '../values/format';
import { formatMeasured } from './measured-view';
import { formatKeptWhole, formatWarnings } from './report-lists';
import type { CompressionFiles } from './run-compression';

/** What `factorize` has to tell. */
export type FactorizeFacts = CompressionFiles<FactorizeReport>;

/** The document of `factorize --json`. */
export function factorizeDocument({ report, ...files }: FactorizeFacts): unknown {
  return { ...files, ...report };
}

/** The result for people. */
export function formatFactorize(
  { output, report, compression }: FactorizeFacts,
  context: CommandContext,
): string[] {
  const { style } = context.terminal;
  const { changed, score, dataRuns } = report;
  const rows: (readonly [string, string])[] = [
    ['layers', plural(changed.length, 'layer')],
    ['outputs', score === undefined ? 'not measured: no data (--calibration)' : formatScore(score)],
    ['data', dataRuns === 0 ? 'none' : `${plural(dataRuns, 'run')}, to fit and to measure on`],
  ];
  return [
    `${style.green('factorised')}  ${style.bold(output)}`,
    ...indent(formatFacts(rows, style.dim)),
    ...(changed.length === 0 ? [] : ['', ...indent(formatLayers(changed))]),
    ...formatKeptWhole('Layers that stayed whole', report.kept, context),
    '',
    ...formatMeasured(compression, context),
    ...formatWarnings(report.warnings, context),
  ];
}

function formatLayers(layers: readonly FactorizedLayer[]): string[] {
  return formatTable(
    [
      { title: 'layer' },
      { title: 'form' },
      { title: 'rank', align: 'right' },
      { title: 'parameters', align: 'right' },
      { title: 'error', align: 'right' },
    ],
    layers.map(({ node, form, ranks, parameters, error }) => [
      printable(node),
      form,
      ranks.join(' x '),
      `${formatCount(parameters.before)} → ${formatCount(parameters.after)}`,
      `${(100 * error).toFixed(1)} %`,
    ]),
  );
}
