// SPDX-License-Identifier: Apache-2.0
import type { Engine, EngineReport } from '../../runtime/engine';
import { FAMILY_NAMES } from '../../runtime/library-version';
import type { PrecisionRewrite } from '../../runtime/manifest';
import { manifestPathOf } from '../../runtime/manifest-path';
import type { CommandContext } from '../command';
import { formatCensus, formatProfiles, formatTensors } from '../engine-view';
import { formatFacts, indent } from '../terminal/table';
import { printable } from '../terminal/text-width';
import { formatScore } from '../precision/report-parts';
import { formatBytes, formatMs, plural } from '../values/format';

/** What came out of a build. */
export interface BuildFacts {
  readonly engine: Engine;
  /** The path as the user wrote it. */
  readonly output: string;
  /** The whole command, with reading the model and starting the building process. */
  readonly totalMs: number;
}

/** The document of `build --json`. */
export function buildDocument({ engine, output, totalMs }: BuildFacts): unknown {
  const report = engine.report();
  const rewrite = engine.manifest?.rewrite;
  return {
    engine: output,
    manifest: manifestPathOf(output),
    ...withoutPath(report),
    ...(rewrite === undefined ? {} : { rewrite }),
    totalMs,
  };
}

function withoutPath(report: EngineReport): Omit<EngineReport, 'path'> {
  const { path: _path, ...rest } = report;
  return rest;
}

/** The result for people. */
export function formatBuild(
  { engine, output, totalMs }: BuildFacts,
  { terminal, isVerbose }: CommandContext,
): string[] {
  const { style } = terminal;
  const report = engine.report();
  const title = report.cached
    ? `${style.green('cached')}  ${style.bold(output)}  ${style.dim(`found in the cache in ${formatMs(totalMs)}`)}`
    : `${style.green('built')}  ${style.bold(output)}  ${style.dim(`in ${formatMs(totalMs)}`)}`;
  const facts: (readonly [string, string])[] = [
    ['runtime', `${FAMILY_NAMES[report.family].replace(/ \d+$/, '')} ${report.version}`],
    ['size', formatBytes(report.bytes)],
    ['time', formatTimes(report)],
    ['precision', report.precision === null ? 'unknown' : printable(formatCensus(report.precision))],
    ...formatRewrite(engine.manifest?.rewrite),
    ['GPUs', formatCapabilities(report.computeCapabilities)],
    ['manifest', manifestPathOf(output)],
  ];
  return [
    title,
    ...indent(formatFacts(facts, style.dim)),
    ...separate(formatTensors('Inputs', report.inputs ?? [], style)),
    ...separate(formatTensors('Outputs', report.outputs ?? [], style)),
    ...separate(formatProfiles(report.profiles ?? [], style)),
    ...separate(formatWarnings(report.warnings, terminal.style, isVerbose)),
  ];
}

/** What became of the model before the build, and what that costs. */
function formatRewrite(rewrite: PrecisionRewrite | undefined): (readonly [string, string])[] {
  if (rewrite === undefined) return [];
  const { precision, rest, changedNodes, keptNodes, score, calibration } = rewrite;
  const kept = keptNodes.length === 0 ? '' : `, ${keptNodes.length} kept in floating point`;
  return [
    ['rewritten', `${plural(changedNodes, 'node')} in ${precision}, the rest in ${rest}${kept}`],
    ...(score === null ? [] : [['outputs', formatScore(score)] as const]),
    ...(calibration === null
      ? []
      : [
          [
            'calibration',
            `${plural(calibration.runs, 'run')}${calibration.reused ? ', found by an earlier build' : ''}`,
          ] as const,
        ]),
  ];
}

function formatTimes({ buildMs, parseMs, isolationStartMs }: EngineReport): string {
  const parts: string[] = [];
  if (parseMs !== null) parts.push(`parse ${formatMs(parseMs)}`);
  if (buildMs !== null) parts.push(`build ${formatMs(buildMs)}`);
  if (isolationStartMs !== null) parts.push(`process start ${formatMs(isolationStartMs)}`);
  return parts.join(', ');
}

/** `86` → `8.6`. */
function formatCapabilities(capabilities: readonly number[] | null): string {
  if (capabilities === null) return 'unknown';
  if (capabilities.length === 0) return 'any that the runtime supports';
  return `compute capability ${capabilities.map((value) => (value / 10).toFixed(1)).join(', ')}`;
}

const SHOWN_WARNINGS = 5;

function formatWarnings(
  warnings: readonly string[],
  style: CommandContext['terminal']['style'],
  isVerbose: boolean,
): string[] {
  if (warnings.length === 0) return [];
  const shown = isVerbose ? warnings : warnings.slice(0, SHOWN_WARNINGS);
  const rest = warnings.length - shown.length;
  return [
    style.yellow(warnings.length === 1 ? 'Warning' : `${warnings.length} warnings`),
    ...indent(shown.map(printable)),
    ...(rest > 0 ? indent([style.dim(`… ${rest} more; --verbose shows all`)]) : []),
  ];
}

/** An empty line before a block that is there. */
function separate(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines];
}
