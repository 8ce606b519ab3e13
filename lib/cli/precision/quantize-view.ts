// SPDX-License-Identifier: Apache-2.0
import type { KeptBound, QuantizationReport, Trial } from '../../compress/quantize-report';
import type { CommandContext } from '../command';
import { formatFacts, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { formatBytes, formatCount, plural } from '../values/format';
import { formatMeasured } from '../compress/measured-view';
import type { CompressionFiles } from '../compress/run-compression';
import { formatKept, formatScore } from './report-parts';

/** What `quantize` has to tell. */
export type QuantizeFacts = CompressionFiles<QuantizationReport>;

/** The document of `quantize --json`. */
export function quantizeDocument({ report, ...files }: QuantizeFacts): unknown {
  return { ...files, ...report };
}

/** The result for people. */
export function formatQuantize(facts: QuantizeFacts, context: CommandContext): string[] {
  const { style } = context.terminal;
  const { report, output, bytes, compression } = facts;
  const { score } = report;
  const what = report.weightOnly ? 'weights' : 'weights and activations';
  const rows: (readonly [string, string])[] = [
    [
      'layers',
      `${plural(report.quantized.length, 'layer')} in ${report.type} (${what}), the rest in ${report.rest}`,
    ],
    ['size', `${formatBytes(bytes.before)} → ${formatBytes(bytes.after)}`],
    ...(report.weightOnly
      ? []
      : [
          ['ranges', formatTrials(report.decisions.method, report.methods)] as const,
          ['equalised', formatTrials(formatExponent(report), report.equalization)] as const,
        ]),
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
    ['outputs', score === undefined ? 'not measured: no data (--calibration)' : formatScore(score)],
    ...(report.bound === undefined ? [] : [['bound', formatBound(report.bound)] as const]),
    ['data', formatRuns(report)],
  ];
  return [
    `${style.green('quantised')}  ${style.bold(output)}`,
    ...indent(formatFacts(rows, style.dim)),
    ...formatKept(kept(report), context),
    '',
    ...formatMeasured(compression, context),
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

function formatBound({ asked, reached }: KeptBound): string {
  const { maxDrop, minCosine, minSqnrDb } = asked;
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const { drop, score, baseline } = reached;
  const own =
    score === undefined || baseline === undefined ? undefined : `${percent(baseline)} → ${percent(score)}`;
  return [
    ...(maxDrop === undefined
      ? []
      : [
          own === undefined
            ? `drop ${percent(drop)} of ${formatCount(reached.answers)} answers (at most ${percent(maxDrop)})`
            : `score ${own} (at most ${percent(maxDrop)} less)`,
        ]),
    ...(minCosine === undefined ? [] : [`cosine ${reached.cosine.toFixed(5)} (at least ${minCosine})`]),
    ...(minSqnrDb === undefined ? [] : [`${reached.sqnrDb.toFixed(1)} dB (at least ${minSqnrDb})`]),
  ].join(', ');
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
