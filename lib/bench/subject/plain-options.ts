// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from 'node:os';
import type { SessionOptions } from '../../index';

/** Options without functions, signals and bytes: for a result file, or for another process. */
export function plainOptions<T extends object>(options: T): T {
  const entries = Object.entries(options).flatMap(([name, value]) => {
    const plain = toPlain(value);
    return plain === undefined ? [] : [[name, plain] as const];
  });
  return Object.fromEntries(entries) as T;
}

function toPlain(value: unknown): unknown {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value;
  if (Array.isArray(value)) return value.map(toPlain).filter((item) => item !== undefined);
  const isPlain = typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain ? plainOptions(value) : undefined;
}

// They decide on no number: where a file is written, how many may wait, what is recorded (settings.stageTimes has it).
const LEFT_OUT = ['maxQueue', 'stageTimes', 'profileFilePrefix', 'runtimeCache', 'device'] as const;

/**
 * The settings of a session that its numbers depend on; those that change trtexec's numbers are always among them, with
 * the session's default where nobody chose.
 */
export function sessionSettings(options: SessionOptions, device: string): Record<string, unknown> {
  const contexts = options.contexts ?? 1;
  const defaults = device.startsWith('cuda:')
    ? { contexts, cudaGraph: 'auto', spinWait: false }
    : { contexts, intraOpNumThreads: Math.max(1, Math.floor(availableParallelism() / contexts)) };
  const settings: Record<string, unknown> = { ...defaults, ...plainOptions(options) };
  for (const name of LEFT_OUT) Reflect.deleteProperty(settings, name);
  if (!device.startsWith('cuda:')) {
    // On a CPU they have no effect.
    for (const name of ['cudaGraph', 'spinWait', 'build']) Reflect.deleteProperty(settings, name);
  }
  return settings;
}
