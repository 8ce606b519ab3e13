// SPDX-License-Identifier: Apache-2.0
import type { PrunedLayer, PruneReport } from '../../compress/prune';
import type { CommandContext } from '../command';
import { formatScore } from '../precision/report-parts';
import { formatFacts, formatTable, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { formatCount, plural } from '../values/format';
import { formatMeasured } from './measured-view';
import { formatKeptWhole, formatWarnings } from './report-lists';
import type { CompressionFiles } from './run-compression';

/** What `prune` has to tell. */
export type PruneFacts = CompressionFiles<PruneReport>;

/** The document of `prune --json`. */
export function pruneDocument({ report, ...files }: PruneFacts): unknown {
  return { ...files, ...report };
}

/** The result for people. */
export function formatPrune({ output, report, compression }: PruneFacts, context: CommandContext): string[] {
  const { style } = context.terminal;
  const { changed, zeros, score, dataRuns } = report;
  const rows: (readonly [string, string])[] = [
    ['layers', `${plural(changed.length, 'layer')} ${patternText(report)}, chosen by ${report.criterion}`],
    [
      'zeros',
      `${formatCount(zeros.zeros)} of ${formatCount(zeros.weights)} weights (${percent(zeros.share)})`,
    ],
    ['outputs', score === undefined ? 'not measured: no data (--calibration)' : formatScore(score)],
    ['data', dataRuns === 0 ? 'none' : `${plural(dataRuns, 'run')}, to fit and to measure on`],
  ];
  return [
    `${style.green('pruned')}  ${style.bold(output)}`,
    ...indent(formatFacts(rows, style.dim)),
    '',
    ...indent(formatLayers(changed)),
    ...formatKeptWhole('Layers that were not pruned', report.kept, context),
    '',
    ...formatMeasured(compression, context),
    ...formatWarnings(report.warnings, context),
  ];
}

function patternText({ pattern }: PruneReport): string {
  if (typeof pattern !== 'string') return `in blocks of ${pattern.block.join(' x ')}`;
  return pattern === 'unstructured' ? 'without a pattern' : `by ${pattern}`;
}

function formatLayers(layers: readonly PrunedLayer[]): string[] {
  return formatTable(
    [
      { title: 'layer' },
      { title: 'weights', align: 'right' },
      { title: 'zeros', align: 'right' },
      { title: 'error', align: 'right' },
      { title: 'after the fit', align: 'right' },
    ],
    layers.map(({ node, weights, share, error }) => [
      printable(node),
      formatCount(weights),
      percent(share),
      error === undefined ? '' : percent(error.before),
      error === undefined ? '' : percent(error.after),
    ]),
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
