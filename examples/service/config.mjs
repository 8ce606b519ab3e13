// SPDX-License-Identifier: Apache-2.0
// All settings come from the environment and are checked once, before anything is loaded.
import { fileURLToPath } from 'node:url';

const MODEL = fileURLToPath(new URL('../digits/digits.onnx', import.meta.url));

/** @param {NodeJS.ProcessEnv} env */
export function readConfig(env) {
  return {
    host: env.HOST ?? '127.0.0.1',
    port: whole(env, 'PORT', { from: 0, to: 65535, otherwise: 3000 }),
    logLevel: env.LOG_LEVEL ?? 'info',
    model: env.MODEL ?? MODEL,
    /** 'auto', 'cpu' or 'cuda:N'. A device that is named is used or the service does not start. */
    device: env.DEVICE ?? 'auto',
    /** Where engines are kept, so that only the first start on a GPU builds one. */
    engineCache: env.ENGINE_CACHE,
    /** Inferences at the same time, and calls that may wait for one: beyond both the answer is 503. */
    contexts: whole(env, 'CONTEXTS', { from: 1, to: 256, otherwise: 2 }),
    maxQueue: whole(env, 'MAX_QUEUE', { from: 0, to: 1_000_000, otherwise: 64 }),
    maxFileBytes: whole(env, 'MAX_FILE_BYTES', { from: 1, to: 1e9, otherwise: 1_000_000 }),
    /** After SIGTERM: time in which /ready says 503 and calls are still served, for load balancers to notice. */
    drainMs: whole(env, 'DRAIN_MS', { from: 0, to: 600_000, otherwise: 0 }),
    /** After that: time for running requests, or the process ends with exit status 1. */
    shutdownMs: whole(env, 'SHUTDOWN_MS', { from: 1, to: 600_000, otherwise: 10_000 }),
  };
}

function whole(env, name, { from, to, otherwise }) {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value) || value < from || value > to)
    throw new RangeError(`${name} must be a whole number from ${from} to ${to}, not "${text}"`);
  return value;
}
