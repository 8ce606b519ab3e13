// SPDX-License-Identifier: Apache-2.0
import type { CompressReport } from '../../compress/compress';
import type { CompressionTrial } from '../../compress/search/trial';
import type { CommandContext } from '../command';
import { formatFacts, formatTable, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { plural } from '../values/format';
import { formatMeasured } from './measured-view';
import type { CompressionFiles } from './run-compression';

/** What `compress` has to tell. */
export interface CompressFacts extends CompressionFiles<CompressReport> {
  /** Where the picture is; null without one. */
  readonly picture: string | null;
}

/** The document of `compress --json`. */
export function compressDocument({ report, ...files }: CompressFacts): unknown {
  return { ...files, ...report };
}

/** The result for people. */
export function formatCompress(
  { output, picture, report, compression }: CompressFacts,
  context: CommandContext,
): string[] {
  const { style } = context.terminal;
  const { source, chosen, dataRuns, trials, failed, end } = report;
  const rows: (readonly [string, string])[] = [
    ['steps', chosen.name],
    ['drop', formatDrop(chosen, source)],
    ['tried', `${plural(trials.length, 'model')}; the search ended: ${end}`],
    ['data', formatRuns(dataRuns)],
    ...(picture === null ? [] : [['picture', picture] as const]),
  ];
  return [
    `${style.green('compressed')}  ${style.bold(output)}`,
    ...indent(formatFacts(rows, style.dim)),
    '',
    'Beaten by none in size, drop and noise',
    ...indent(formatPareto(report)),
    ...(failed.length === 0 ? [] : ['', 'Not possible']),
    ...indent(
      formatFacts(
        failed.map(({ name, reason }) => [name, printable(reason)] as const),
        style.dim,
      ),
    ),
    '',
    ...formatMeasured(compression, context),
    ...report.warnings.map((warning) => `${style.yellow('warning')}  ${printable(warning)}`),
  ];
}

function formatDrop({ drop, score }: CompressionTrial, source: CompressionTrial): string {
  if (score === undefined || source.score === undefined) return `${percent(drop)} of best classes differ`;
  return `score ${percent(source.score)} → ${percent(score)}`;
}

function formatRuns({ fit, judge, shared }: CompressReport['dataRuns']): string {
  return shared
    ? `${plural(fit, 'run')}, to fit and to measure on`
    : `${plural(fit, 'run')} to fit on, ${judge} kept back to measure on`;
}

function formatPareto({ pareto, source, chosen }: CompressReport): string[] {
  return formatTable(
    [
      { title: '' },
      { title: 'size', align: 'right' },
      { title: 'drop', align: 'right' },
      { title: 'SQNR dB', align: 'right' },
      { title: 'steps' },
    ],
    pareto.map((trial) => [
      trial.name === chosen.name ? '→' : '',
      percent(trial.bytes / source.bytes),
      percent(trial.drop),
      trial.sqnrDb.toFixed(1),
      trial.name,
    ]),
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
