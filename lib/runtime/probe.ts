// SPDX-License-Identifier: Apache-2.0
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
  if (options?.isolated !== true) return probeHere(libraryPath);
  try {
    return await probeInChildren(libraryPath);
  } catch (error) {
    // No child process can be started here (no compiled module, no processes left): probe without protection.
    const report = await probeHere(libraryPath);
    report.advice.push(
      `Probing in a child process failed: ${error instanceof Error ? error.message : String(error)}`,
    );
    return report;
  }
}

async function probeHere(libraryPath: string | undefined): Promise<ProbeReport> {
  // Loaded when asked for: importing the package must cost next to nothing.
  const { collectProbe, currentProbeContext } = await import('./collect-probe.js');
  return collectProbe(libraryPath, currentProbeContext());
}

/** Probes again without each library that brought a child down. */
async function probeInChildren(libraryPath: string | undefined): Promise<ProbeReport> {
  const crashed: Record<string, string> = {};
  for (let attempt = 0; attempt <= MAX_CRASHES; attempt++) {
    const outcome = await probeInChild({ libraryPath, crashed });
    if ('report' in outcome) return outcome.report;
    if (outcome.opening === undefined || outcome.opening in crashed)
      throw new Error(`the child process ended by ${outcome.end}`);
    crashed[outcome.opening] = `opening it ended the process by ${outcome.end}`;
  }
  throw new Error(`${MAX_CRASHES} libraries crash when they are opened`);
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
  // A child that dies at once has no channel to write to; 'exit' tells the story.
  child.send(task, () => undefined);
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
    (resolve, reject) => {
      child.once('exit', (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
      child.once('error', reject);
    },
  );
  return report ? { report } : { opening, end: signal ?? `exit code ${code}` };
}
