// SPDX-License-Identifier: Apache-2.0
import { describeType, rejectUnknownOptions } from '../option-checks';
import type { ProbeReport } from './probe-report';

export type { AddonReport, CpuReport, CudaReport, ProbeReport, TensorRtReport } from './probe-report';

/** Options of {@link probe}. */
export interface ProbeOptions {
  /** Look at this library or folder alone. */
  libraryPath?: string;
  /**
   * Probe in a child process: a library that crashes when it is opened takes that process with it and is reported by
   * name. Costs the start of a process. Default: false.
   */
  isolated?: boolean;
}

/** Messages of the probing child. */
export type ProbeMessage = { kind: 'opening'; path: string } | { kind: 'report'; report: ProbeReport };

/** What the probing child is given. */
export interface ProbeTask {
  libraryPath?: string;
  crashed: Record<string, string>;
}

const OPTION_TYPES = { libraryPath: 'string', isolated: 'boolean' } as const;

// Each crash costs a process; a machine with more broken libraries than this has said enough.
const MAX_CRASHES = 8;

/**
 * Reports what this machine has: addon, NVIDIA driver and GPUs, TensorRT libraries, CPU runtime, each path tried and
 * why it failed. Never throws and never rejects. Native libraries are opened on threads of the addon.
 *
 * @example
 * ```ts
 * const report = await probe();
 * console.log(report.tensorrt.filter((library) => library.usable), report.advice);
 * ```
 */
export async function probe(options: ProbeOptions = {}): Promise<ProbeReport> {
  const libraryPath = typeof options?.libraryPath === 'string' ? options.libraryPath : undefined;
  const report = await (options?.isolated === true ? probeIsolated : probeHere)(libraryPath).catch(
    nothingKnown,
  );
  report.advice.push(...complaintsAbout(options));
  return report;
}

/** Not even looking worked: no file can be opened any more, or the package lost some. */
function nothingKnown(error: unknown): ProbeReport {
  const reason = messageOf(error);
  const none = { available: false, version: null, path: null, reason, tried: [] };
  return {
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    addon: { ...none, origin: null, families: [], cause: null, hint: null },
    cuda: { driver: null, status: 'unknown', path: null, reason, devices: [] },
    tensorrt: [],
    cpu: none,
    advice: [`Probing failed: ${reason}`],
    tried: [],
  };
}

/** What is wrong with the options: said as advice, since a probe rejects nothing. */
function complaintsAbout(options: unknown): string[] {
  try {
    rejectUnknownOptions('probe', options, Object.keys(OPTION_TYPES));
  } catch (error) {
    return [messageOf(error)];
  }
  return Object.entries(OPTION_TYPES).flatMap(([name, type]) => {
    const value = (options as Record<string, unknown>)[name];
    if (value === undefined || typeof value === type) return [];
    return [`probe() takes a ${type} as ${name}, not ${describeType(value)}; it was left out.`];
  });
}

async function probeIsolated(libraryPath: string | undefined): Promise<ProbeReport> {
  try {
    return await probeInChildren(libraryPath);
  } catch (error) {
    if (error instanceof CrashedError) return reportCrash(libraryPath, error);
    // No child process can be started here (no compiled module, no processes left): probe without protection.
    const report = await probeHere(libraryPath);
    report.advice.push(`Probing in a child process failed: ${messageOf(error)}`);
    return report;
  }
}

async function probeHere(libraryPath: string | undefined): Promise<ProbeReport> {
  // Loaded when asked for: importing the package must cost next to nothing.
  const { collectProbe, currentProbeContext } = await import('./collect-probe.js');
  return collectProbe(libraryPath, currentProbeContext());
}

/** What can be said without native code: what brought the children down would bring this process down too. */
async function reportCrash(libraryPath: string | undefined, error: CrashedError): Promise<ProbeReport> {
  const { collectProbe, currentProbeContext } = await import('./collect-probe.js');
  const loadAddon = (): never => {
    throw error;
  };
  // The addon is not opened: there is nothing to check.
  const context = currentProbeContext();
  delete context.checkAddon;
  const report = await collectProbe(libraryPath, {
    ...context,
    loadAddon,
    crashed: error.crashed,
  });
  // The advice is for an addon that is missing; this one is there.
  report.advice = [`Probing in a child process failed: ${error.message}`];
  return report;
}

/** The children crash, whatever they are spared. */
class CrashedError extends Error {
  constructor(
    message: string,
    readonly crashed: Readonly<Record<string, string>>,
  ) {
    super(message);
  }
}

/** Probes again without each library that brought a child down. */
async function probeInChildren(libraryPath: string | undefined): Promise<ProbeReport> {
  const crashed: Record<string, string> = {};
  for (let attempt = 0; attempt <= MAX_CRASHES; attempt++) {
    const outcome = await probeInChild({ libraryPath, crashed });
    if ('report' in outcome) return outcome.report;
    if (outcome.opening === undefined || outcome.opening in crashed)
      throw new CrashedError(`the child process ended by ${outcome.end}`, crashed);
    crashed[outcome.opening] = `opening it ended the process by ${outcome.end}`;
  }
  throw new CrashedError(`more than ${MAX_CRASHES} libraries crash when they are opened`, crashed);
}

type Outcome = { report: ProbeReport } | { opening?: string; end: string };

async function probeInChild(task: ProbeTask): Promise<Outcome> {
  const { forkWorker } = await import('./fork-worker.js');
  const child = forkWorker('runtime/probe-worker');
  let opening: string | undefined;
  let report: ProbeReport | undefined;
  child.on('message', (message: ProbeMessage) => {
    if (message.kind === 'opening') opening = message.path;
    else report = message.report;
  });
  child.stdout?.resume();
  child.stderr?.resume();
  // A child that dies at once has no channel to write to; 'close' tells the story.
  child.send(task, () => undefined);
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
    (resolve, reject) => {
      // Not 'exit', which may come before the last messages.
      child.once('close', (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
      child.once('error', reject);
    },
  );
  return report ? { report } : { opening, end: signal ?? `exit code ${code}` };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
