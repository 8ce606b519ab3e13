// SPDX-License-Identifier: Apache-2.0
import { basename } from 'node:path';
import { FAMILY_NAMES } from '../runtime/library-version';
import type { ProbeReport, TensorRtReport } from '../runtime/probe-report';
import type { TriedPath } from '../runtime/locate-tensorrt';
import type { CommandContext } from './command';
import type { Style } from './terminal/style';
import { formatTable, indent } from './terminal/table';
import { wrapText } from './terminal/text-width';
import { formatBytes } from './values/format';

/** Whether this machine can build or run anything at all. */
export function isAnythingUsable(report: ProbeReport): boolean {
  return canBuild(report).length > 0 || canRunOnGpu(report) || canRunOnCpu(report);
}

/** The report for people: one line per part, what can be done, what to do about the rest. */
export function formatProbe(report: ProbeReport, { terminal, version, isVerbose }: CommandContext): string[] {
  const { style } = terminal;
  const width = Math.min(terminal.width, 110);
  const parts = [addonPart(report), ...gpuParts(report), ...libraryParts(report), cpuPart(report)];
  const columns = ['', '', ''].map((title) => ({ title }));
  return [
    `${style.bold(`tensorrt-node ${version}`)} on ${report.platform}, Node ${report.node.replace(/^v/, '')}`,
    '',
    ...indent(
      formatTable(
        columns,
        parts.flatMap((part) => partRows(part, style, width)),
      ),
    ),
    '',
    style.bold('On this machine'),
    ...indent(formatAbilities(report, style)),
    ...formatAdvice(report.advice, style, width),
    ...(isVerbose ? formatTried(report, style) : []),
  ];
}

interface Part {
  readonly state: 'works' | 'missing' | 'broken';
  readonly name: string;
  /** Empty ones are left out. */
  readonly facts: readonly (string | null)[];
  readonly path?: string | null;
}

/** Width of the mark and the name with the gaps beside them. */
const LEFT_COLUMNS = 22;

/** A part as rows of mark, name and text; long text and the path stand below. */
function partRows({ state, name, facts, path }: Part, style: Style, width: number): string[][] {
  const marks = { works: style.green('ok'), missing: style.dim('--'), broken: style.yellow('no') };
  const said = facts.filter((fact) => fact !== null && fact !== '');
  // Reasons are sentences; here they stand in a list.
  const text = said.map((fact) => fact!.replace(/\.$/, '')).join(', ');
  const lines = wrapText(text, width - LEFT_COLUMNS).map((line) =>
    state === 'works' ? line : style.dim(line),
  );
  const below = typeof path === 'string' ? [...lines.slice(1), style.dim(path)] : lines.slice(1);
  return [[marks[state], style.bold(name), lines[0]!], ...below.map((line) => ['', '', line])];
}

const ORIGINS: Readonly<Record<NonNullable<ProbeReport['addon']['origin']>, string>> = {
  environment: 'named in TENSORRT_NODE_ADDON',
  'local-build': 'built here',
  prebuilt: 'prebuilt',
};

function addonPart({ addon }: ProbeReport): Part {
  const families = addon.families.map((family) => FAMILY_NAMES[family]).join(', ');
  return addon.available
    ? {
        state: 'works',
        name: 'Addon',
        facts: [addon.version, addon.origin && ORIGINS[addon.origin], families && `made for ${families}`],
        path: addon.path,
      }
    : { state: 'broken', name: 'Addon', facts: [addon.reason ?? 'not found'], path: addon.path };
}

function gpuParts({ cuda }: ProbeReport): Part[] {
  const driver = cuda.driver === null ? null : `driver for CUDA ${cuda.driver}`;
  if (cuda.devices.length === 0 || cuda.reason !== null) {
    const isMissing = cuda.status === 'not-found' || cuda.status === 'unknown';
    return [
      {
        state: isMissing ? 'missing' : 'broken',
        name: 'GPU',
        facts: [cuda.reason ?? 'none found', driver],
      },
    ];
  }
  return cuda.devices.map((device) => ({
    state: 'works',
    name: `GPU cuda:${device.ordinal}`,
    facts: [
      device.name,
      `compute capability ${(device.computeCapability / 10).toFixed(1)}`,
      formatBytes(device.totalMemoryBytes),
      driver,
    ],
  }));
}

function libraryParts(report: ProbeReport): Part[] {
  const { tensorrt } = report;
  if (tensorrt.length === 0) return [{ state: 'missing', name: 'TensorRT', facts: ['no library found'] }];
  return tensorrt.map((library) => {
    if (isLean(library)) return leanPart(library, report);
    return {
      state: library.usable ? 'works' : 'broken',
      name: nameOf(library),
      facts: [library.version, library.reason],
      path: library.path,
    };
  });
}

/** The lean runtime builds nothing, so that it never counts as usable. */
function isLean({ path }: TensorRtReport): boolean {
  return /^libnvinfer_lean\.so/.test(basename(path));
}

function leanPart(library: TensorRtReport, report: ProbeReport): Part {
  // Of a library that was not asked, its name tells the major version.
  const version = library.version ?? /\.so\.([\d.]+)$/.exec(library.path)?.[1] ?? null;
  const ability = 'runs version-compatible engines, builds none';
  const part = { name: 'TensorRT lean', path: library.path };
  if (!isIntact(library, report)) return { ...part, state: 'broken', facts: [version, library.reason] };
  if (!hasGpu(report)) return { ...part, state: 'missing', facts: [version, ability, 'needs a GPU'] };
  return { ...part, state: 'works', facts: [version, ability] };
}

function nameOf({ family }: TensorRtReport): string {
  return family === 'tensorrt-rtx' ? 'TensorRT-RTX' : 'TensorRT';
}

function cpuPart({ cpu }: ProbeReport): Part {
  return cpu.available
    ? {
        state: 'works',
        name: 'CPU runtime',
        facts: [`ONNX Runtime ${cpu.version ?? ''}`.trim()],
        path: cpu.path,
      }
    : {
        state: 'missing',
        name: 'CPU runtime',
        facts: [cpu.reason ?? 'ONNX Runtime not found'],
        path: cpu.path,
      };
}

function canBuild(report: ProbeReport): TensorRtReport[] {
  return report.addon.available ? report.tensorrt.filter((library) => library.usable) : [];
}

function hasGpu({ cuda }: ProbeReport): boolean {
  return cuda.reason === null && cuda.devices.length > 0;
}

/** A library that can run engines where there is a GPU: what it may lack is for building alone. */
function isIntact({ usable, reason }: TensorRtReport, { addon }: ProbeReport): boolean {
  return addon.available && (usable || /^(the lean runtime|its ONNX parser) /.test(reason ?? ''));
}

/** The libraries that run engines on this machine. */
function runtimes(report: ProbeReport): TensorRtReport[] {
  return hasGpu(report) ? report.tensorrt.filter((library) => isIntact(library, report)) : [];
}

function canRunOnGpu(report: ProbeReport): boolean {
  return runtimes(report).length > 0;
}

function canRunOnCpu({ addon, cpu }: ProbeReport): boolean {
  return addon.available && cpu.available;
}

function formatAbilities(report: ProbeReport, style: Style): string[] {
  const builders = [...new Set(canBuild(report).map(nameOf))].join(' and ');
  const answer = (isPossible: boolean, yes: string, no: string) =>
    isPossible ? `${style.green('yes')}  ${yes}` : `${style.dim('no')}   ${style.dim(no)}`;
  const kind = runtimes(report).every(isLean) ? 'version-compatible ' : '';
  return [
    answer(builders !== '', `build engines with ${builders}`, 'build engines'),
    answer(canRunOnGpu(report), `run ${kind}engines on a GPU`, 'run engines on a GPU'),
    answer(canRunOnCpu(report), 'run ONNX models on the CPU', 'run ONNX models on the CPU'),
  ];
}

function formatAdvice(advice: readonly string[], style: Style, width: number): string[] {
  if (advice.length === 0) return [];
  const lines = advice.flatMap((text) =>
    wrapText(text, width - 4).map((line, index) => `${index === 0 ? '- ' : '  '}${line}`),
  );
  return ['', style.bold('Advice'), ...indent(lines)];
}

function formatTried(report: ProbeReport, style: Style): string[] {
  const blocks: [string, readonly TriedPath[]][] = [
    ['Places without the addon', report.addon.tried],
    ['Places without TensorRT', report.tried],
    ['Places without ONNX Runtime', report.cpu.tried],
  ];
  return blocks
    .filter(([, tried]) => tried.length > 0)
    .flatMap(([title, tried]) => [
      '',
      style.bold(title),
      ...indent(tried.map(({ path, reason }) => `${path}  ${style.dim(reason)}`)),
    ]);
}
