// SPDX-License-Identifier: Apache-2.0
import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** The machine and the software that a measurement ran on. */
export interface BenchEnvironment {
  readonly platform: string;
  readonly os: string;
  readonly cpu: { readonly model: string; readonly cores: number };
  readonly memoryBytes: number;
  readonly node: string;
  /** Versions of the package and of the runtime that ran the model. */
  readonly versions: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly date: string;
}

/**
 * Describes this machine.
 *
 * @param versions what the caller knows about the runtime, e.g. `{ onnxruntime: '1.30.0' }`
 */
export function describeEnvironment(versions: Readonly<Record<string, string>>): BenchEnvironment {
  return {
    platform: `${process.platform}-${process.arch}`,
    os: release(),
    cpu: { model: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism() },
    memoryBytes: totalmem(),
    node: process.versions.node,
    versions,
    date: new Date().toISOString(),
  };
}
