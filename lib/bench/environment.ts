// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** The machine and the software that a measurement ran on. */
export interface BenchEnvironment {
  readonly platform: string;
  readonly os: string;
  readonly cpu: { readonly model: string; readonly cores: number };
  readonly memoryBytes: number;
  /** Processes that wanted a core in the last minute, on average, before the measurement; 0 where the system has none. */
  readonly loadAverage?: number;
  readonly node: string;
  /** Versions of the package and of the runtime that ran the model. */
  readonly versions: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly date: string;
}

/**
 * Describes this machine, at this moment.
 *
 * @param versions - What the caller knows about the runtime, e.g. `{ onnxruntime: '1.30.0' }`; that of this package is
 *   added.
 */
export function describeEnvironment(versions: Readonly<Record<string, string>> = {}): BenchEnvironment {
  return {
    platform: `${process.platform}-${process.arch}`,
    os: release(),
    cpu: { model: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism() },
    memoryBytes: totalmem(),
    loadAverage: loadavg()[0] ?? 0,
    node: process.versions.node,
    versions: { 'tensorrt-node': ownVersion(), ...versions },
    date: new Date().toISOString(),
  };
}

function ownVersion(): string {
  try {
    // As deep below the package's folder in lib/ as in dist/.
    const text = readFileSync(join(__dirname, '../../package.json'), 'utf8');
    return String((JSON.parse(text) as { version?: unknown }).version ?? 'unknown');
  } catch {
    return 'unknown';
  }
}
