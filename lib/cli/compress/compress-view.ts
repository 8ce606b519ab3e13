// SPDX-License-Identifier: Apache-2.0
import type { CompressReport } from '../../compress/compress';
import type { CompressionTrial } from '../../compress/search/trial';
import type { CommandContext } from '../command';
import { formatFacts, formatTable, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { formatBytes, formatCount, plural } from '../values/format';

/** What `compress` has to tell. */
export interface CompressFacts {
  readonly input: string;
  readonly output: string;
  /** Where the picture is; null without one. */
  readonly picture: string | null;
  readonly report: CompressReport;
}

/** The document of `compress --json`. */
export function compressDocument({ input, output, picture, report }: CompressFacts): unknown {
  return { input, output, picture, ...report };
}

/** The result for people. */
export function formatCompress(
  { output, picture, report }: CompressFacts,
  context: CommandContext,
): string[] {
  const { style } = context.terminal;
  const { source, chosen, dataRuns, trials, failed, end } = report;
  const rows: (readonly [string, string])[] = [
    ['steps', chosen.name],
    ['size', change(source.bytes, chosen.bytes, formatBytes)],
    ['zipped', change(source.zippedBytes, chosen.zippedBytes, formatBytes)],
    ['parameters', change(source.parameters, chosen.parameters, formatCount)],
    ['arithmetic', `${change(source.multiplyAdds, chosen.multiplyAdds, formatCount)} multiply-adds`],
    ['drop', formatDrop(chosen, source)],
    ['tried', `${plural(trials.length, 'model')}; the search ended: ${end}`],
    ['data', formatRuns(dataRuns)],
    ...(picture === null ? [] : [['picture', picture] as const]),
  ];
  return [
    `${style.green('compressed')}  ${style.bold(output)}`,
    ...indent(formatFacts(rows, style.dim)),
    '',
    'Smallest for each drop',
    ...indent(formatPareto(report)),
    ...(failed.length === 0 ? [] : ['', 'Not possible']),
    ...indent(
      formatFacts(
        failed.map(({ name, reason }) => [name, printable(reason)] as const),
        style.dim,
      ),
    ),
    ...report.warnings.map((warning) => `${style.yellow('warning')}  ${printable(warning)}`),
  ];
}

function change(before: number, after: number, format: (value: number) => string): string {
  return `${format(before)} → ${format(after)} (${percent(after / before)})`;
}

function formatDrop({ drop, score }: CompressionTrial, source: CompressionTrial): string {
  if (score === undefined || source.score === undefined) return `${percent(drop)} of best classes differ`;
  return `score ${percent(source.score)} → ${percent(score)}`;
}

function formatRuns({ fit, judge, shared }: CompressReport['dataRuns']): string {
  return shared
    ? `${plural(fit, 'run')}, to fit and to measure on`
    : `${plural(fit, 'run')} to fit on, ${judge} to measure on`;
}

function formatPareto({ pareto, source, chosen }: CompressReport): string[] {
  return formatTable(
    [{ title: '' }, { title: 'size', align: 'right' }, { title: 'drop', align: 'right' }, { title: 'steps' }],
    pareto.map((trial) => [
      trial.name === chosen.name ? '→' : '',
      percent(trial.bytes / source.bytes),
      percent(trial.drop),
      trial.name,
    ]),
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
