// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { FAMILY_NAMES } from '../../runtime/library-version';
import { readManifest, type Manifest } from '../../runtime/manifest';
import { manifestPathOf } from '../../runtime/manifest-path';
import { readPlanHeader, type PlanHeader } from '../../runtime/plan-header';
import type { ProbeReport } from '../../runtime/probe-report';
import type { CommandContext, CommandResult } from '../command';
import { formatCensus, formatProfiles, formatTensors } from '../engine-view';
import type { Style } from '../terminal/style';
import { formatFacts, indent } from '../terminal/table';
import { printable, wrapText } from '../terminal/text-width';
import { formatBytes, formatMs } from '../values/format';

/** What is known about an engine file, and whether it runs here. */
interface PlanFacts {
  readonly header: PlanHeader;
  readonly manifest: Manifest | null;
  readonly runsHere: boolean;
  /** Why it does not run here, or is not as it should be. */
  readonly reasons: readonly { code: string | null; message: string }[];
}

/** Describes a plan from its header, the manifest beside it, and this machine. */
export async function inspectPlan(path: string, context: CommandContext): Promise<CommandResult> {
  const facts = await collectFacts(path, context);
  const { header, manifest, runsHere, reasons } = facts;
  return {
    json: {
      kind: 'plan',
      path,
      bytes: header.actualBytes,
      product: header.product,
      family: header.family ?? manifest?.family ?? null,
      version: header.version ?? manifest?.version ?? null,
      runsHere,
      reasons,
      inputs: manifest?.inputs ?? null,
      outputs: manifest?.outputs ?? null,
      profiles: manifest?.profiles ?? null,
      manifest,
    },
    lines: () => formatPlan(path, facts, context),
  };
}

async function collectFacts(path: string, { api }: CommandContext): Promise<PlanFacts> {
  const header = await readPlanHeader(path);
  const reasons: { code: string | null; message: string }[] = [];
  const note = (error: unknown) => {
    if (!(error instanceof TensorRTError)) throw error;
    if (!reasons.some(({ message }) => message === error.message))
      reasons.push({ code: error.code, message: error.message });
  };
  const manifest = await readManifest(manifestPathOf(path)).catch((error: unknown) => {
    note(error);
    return null;
  });
  await api.loadEngine(path).catch(note);
  const family = header.family ?? manifest?.family ?? null;
  if (reasons.length === 0) reasons.push(...missingHere(family, await api.probe()));
  return { header, manifest, runsHere: reasons.length === 0, reasons };
}

/** What the machine lacks to run a plan that is in order. */
function missingHere(family: Manifest['family'] | null, report: ProbeReport): PlanFacts['reasons'] {
  const isInstalled = report.tensorrt.some((library) => library.family === family);
  const name = family === null ? 'TensorRT' : FAMILY_NAMES[family];
  return [
    ...(isInstalled
      ? []
      : [{ code: 'ERR_TRT_LOAD_TENSORRT_NOT_FOUND', message: `${name} is not installed here.` }]),
    ...(report.cuda.reason === null
      ? []
      : [{ code: 'ERR_TRT_RUN_DEVICE', message: `No usable GPU here: ${report.cuda.reason}` }]),
  ];
}

function formatPlan(path: string, facts: PlanFacts, { terminal, isVerbose }: CommandContext): string[] {
  const { style } = terminal;
  const { header, manifest } = facts;
  const version = header.version ?? manifest?.version ?? 'of unknown version';
  return [
    `${style.bold(printable(path))}  ${style.dim('TensorRT engine')}`,
    ...indent(
      formatFacts(
        [
          ['built with', printable(`${header.product} ${version}`)],
          ['size', formatBytes(header.actualBytes)],
          ...manifestFacts(manifest, isVerbose),
        ],
        style.dim,
      ),
    ),
    ...(manifest === null ? [] : formatManifestTables(manifest, style)),
    '',
    ...formatFit(facts, style, Math.min(terminal.width, 110)),
  ];
}

function formatFit({ runsHere, reasons }: PlanFacts, style: Style, width: number): string[] {
  if (runsHere) return [style.green('Runs here')];
  const lines = reasons.flatMap(({ message }) =>
    wrapText(printable(message), width - 4).map((line, index) => `${index === 0 ? '- ' : '  '}${line}`),
  );
  return [style.yellow('Does not run here'), ...indent(lines)];
}

/** Facts of a manifest as labelled values; those of the files only where more is asked for. */
export function manifestFacts(manifest: Manifest | null, isVerbose: boolean): [string, string][] {
  if (manifest === null) return [['manifest', 'none: inputs, outputs and profiles are not known']];
  // Its texts come with the file, from anyone.
  return rawFacts(manifest, isVerbose).map(([label, value]) => [label, printable(value)]);
}

function rawFacts(manifest: Manifest, isVerbose: boolean): [string, string][] {
  const capabilities = manifest.computeCapabilities.map((value) => (value / 10).toFixed(1)).join(', ');
  const options = Object.entries(manifest.options).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return [
    ['GPUs', capabilities === '' ? 'any that the runtime supports' : `compute capability ${capabilities}`],
    ['built on', manifest.gpu === null ? 'a machine without a GPU' : manifest.gpu.name],
    ['built by', `${manifest.createdBy}, in ${formatMs(manifest.buildMs)}`],
    ['precision', formatCensus(manifest.precision)],
    ['layers', String(manifest.layers)],
    ...(options.length === 0 ? [] : ([['options', options.join(', ')]] as [string, string][])),
    ...(isVerbose
      ? ([
          ['model', `${formatBytes(manifest.model.bytes)}, sha256 ${manifest.model.sha256}`],
          ['plan', `${formatBytes(manifest.plan.bytes)}, sha256 ${manifest.plan.sha256}`],
        ] as [string, string][])
      : []),
    ...(manifest.warnings.length === 0
      ? []
      : ([['warnings', manifest.warnings.join('; ')]] as [string, string][])),
  ];
}

/** Inputs, outputs and profiles of a manifest. */
export function formatManifestTables(manifest: Manifest, style: Style): string[] {
  const profiles = formatProfiles(manifest.profiles, style);
  return [
    '',
    ...formatTensors('Inputs', manifest.inputs, style),
    '',
    ...formatTensors('Outputs', manifest.outputs, style),
    ...(profiles.length === 0 ? [] : ['', ...profiles]),
  ];
}
