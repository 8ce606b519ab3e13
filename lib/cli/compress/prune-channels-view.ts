// SPDX-License-Identifier: Apache-2.0
import type { PruneChannelsReport, PrunedGroup } from '../../compress/channels/prune-channels-report';
import type { BeforeAfter } from '../../compress/report/before-after';
import type { CommandContext } from '../command';
import { formatScore } from '../precision/report-parts';
import { formatFacts, formatTable, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { formatCount } from '../values/format';
import { formatMeasured } from './measured-view';
import { formatWarnings } from './report-lists';
import type { CompressionFiles } from './run-compression';

/** What `prune-channels` has to tell. */
export type PruneChannelsFacts = CompressionFiles<PruneChannelsReport>;

/** The document of `prune-channels --json`. */
export function pruneChannelsDocument({ report, ...files }: PruneChannelsFacts): unknown {
  return { ...files, ...report };
}

/** The result for people. */
export function formatPruneChannels(
  { output, report, compression }: PruneChannelsFacts,
  context: CommandContext,
): string[] {
  const { style } = context.terminal;
  const { channels, score, criterion, kept } = report;
  const rows: (readonly [string, string])[] = [
    ['channels', `${change(channels, formatCount)}, chosen by ${criterion}`],
    ['outputs', score === undefined ? 'not measured: no data (--calibration)' : formatScore(score)],
  ];
  return [
    `${style.green('pruned')}  ${style.bold(output)}`,
    ...indent(formatFacts(rows, style.dim)),
    '',
    ...indent(formatGroups(report.groups)),
    ...(kept.length === 0 ? [] : ['', 'Layers that keep their channels']),
    ...indent(
      formatFacts(
        kept.map(({ node, reason }) => [printable(node), printable(reason)] as const),
        style.dim,
      ),
    ),
    '',
    ...formatMeasured(compression, context),
    ...formatWarnings(report.warnings, context),
  ];
}

function formatGroups(groups: readonly PrunedGroup[]): string[] {
  return formatTable(
    [{ title: 'layers' }, { title: 'before', align: 'right' }, { title: 'after', align: 'right' }],
    groups.map(({ nodes, before, after, width }) => [
      nodes.map(printable).join(', '),
      unitsOf(before, width),
      unitsOf(after, width),
    ]),
  );
}

function unitsOf(units: number, width: number): string {
  return width === 1 ? formatCount(units) : `${formatCount(units)} x ${width}`;
}

function change({ before, after }: BeforeAfter, format: (value: number) => string): string {
  return `${format(before)} → ${format(after)} (${((100 * after) / before).toFixed(1)} %)`;
}
