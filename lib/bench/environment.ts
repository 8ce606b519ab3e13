// SPDX-License-Identifier: Apache-2.0
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

import { packageVersion } from '../package-root';

/** The machine and the software that a measurement ran on. */
export interface BenchEnvironment {
  /** Operating system and processor, as Node.js names them: `linux-x64`. */
  readonly platform: string;
  /** Name and version of the operating system. */
  readonly os: string;
  /** Processor, and how many logical cores the system has. */
  readonly cpu: { readonly model: string; readonly cores: number };
  /** Memory of the machine. */
  readonly memoryBytes: number;
  /**
   * Processes that wanted a core in the last minute, on average, before the first measurement of this process: a
   * measurement is work itself, and would be blamed on the machine by the next one. 0 where the system does not count.
   */
  readonly loadAverage?: number;
  /** Version of Node.js. */
  readonly node: string;
  /** Versions of the package and of the runtime that ran the model. */
  readonly versions: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly date: string;
}

// Kept for the whole process: the cases of a suite, the rates of a search and repeated measurements keep a machine busy,
// and the average of the last minute tells nothing about others then.
let loadBefore: number | undefined;

/** The machine's load average as it was when this was first asked for. */
export function loadAverageBefore(): number {
  loadBefore ??= loadavg()[0] ?? 0;
  return loadBefore;
}

/**
 * Describes this machine, at this moment.
 *
 * @param versions - What the caller knows about the runtime, e.g. `{ onnxruntime: '1.30.0' }`; that of this package is
 *   added.
 * @param loadAverage - That before the first measurement, where another process made it. Default: as this process saw it.
 */
export function describeEnvironment(
  versions: Readonly<Record<string, string>> = {},
  loadAverage = loadAverageBefore(),
): BenchEnvironment {
  return {
    platform: `${process.platform}-${process.arch}`,
    os: release(),
    cpu: { model: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism() },
    memoryBytes: totalmem(),
    loadAverage,
    node: process.versions.node,
    versions: { 'tensorrt-node': packageVersion(), ...versions },
    date: new Date().toISOString(),
  };
}
