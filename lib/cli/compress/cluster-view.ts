// SPDX-License-Identifier: Apache-2.0
import type { ClusterReport } from '../../compress/cluster';
import type { CommandContext } from '../command';
import { formatScore } from '../precision/report-parts';
import { formatFacts, indent } from '../terminal/table';
import { formatBytes, plural } from '../values/format';
import { formatMeasured } from './measured-view';
import { formatKeptWhole, formatWarnings } from './report-lists';
import type { CompressionFiles } from './run-compression';

/** What `cluster` has to tell. */
export interface ClusterFacts extends CompressionFiles<ClusterReport> {
  /** Of the files; `zipped` is the new model through gzip, `compact` the compact file, null without one. */
  readonly bytes: {
    readonly before: number;
    readonly after: number;
    readonly zipped: number;
    readonly compact: number | null;
  };
  readonly compact: string | null;
}

/** The document of `cluster --json`. */
export function clusterDocument({ report, ...files }: ClusterFacts): unknown {
  return { ...files, ...report };
}

/** The result for people. */
export function formatCluster(
  { output, bytes, compact, report, compression }: ClusterFacts,
  context: CommandContext,
): string[] {
  const { style } = context.terminal;
  const { changed, clusters, scope, weightBytes, score, dataRuns } = report;
  const rows: (readonly [string, string])[] = [
    ['weights', `${plural(changed.length, 'tensor')}, ${clusters} values for each ${nameOf(scope)}`],
    ...(bytes.compact === null
      ? []
      : [['compact', `${formatBytes(bytes.compact)}  ${compact ?? ''}`] as const]),
    ['in memory', `weights ${formatBytes(weightBytes.before)} as before; an engine holds them whole too`],
    ['outputs', score === undefined ? 'not measured: no data (--calibration)' : formatScore(score)],
    ['data', dataRuns === 0 ? 'none' : `${plural(dataRuns, 'run')}, to fit and to measure on`],
  ];
  return [
    `${style.green('clustered')}  ${style.bold(output)}`,
    ...indent(formatFacts(rows, style.dim)),
    ...formatKeptWhole('Weights that stayed as they were', report.kept, context),
    '',
    ...formatMeasured(compression, context),
    ...formatWarnings(report.warnings, context),
  ];
}

function nameOf(scope: ClusterReport['scope']): string {
  return typeof scope === 'string' ? scope : `group of ${scope.group} channels`;
}
