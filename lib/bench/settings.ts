// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';

/** How calls reach the session: over bindings kept by the caller (no copies), or by `session.run`. */
export type CallMode = 'binding' | 'run';

/** What to measure; all but the defaults are the caller's choice. */
export interface BenchOptions {
  /** Time before the measurement whose calls do not count, in milliseconds; 500. */
  warmUpMs?: number;
  /** Least time of the measurement, in milliseconds; 3000. */
  durationMs?: number;
  /** Least number of measured inferences; 10. */
  iterations?: number;
  /** Calls in flight at any moment; 1. */
  concurrency?: number;
  /** `'auto'` takes bindings where each call in flight can have an execution context of its own. */
  calls?: CallMode | 'auto';
}

/** The settings of a measurement, all of them decided. They are part of the report. */
export interface BenchSettings {
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly iterations: number;
  readonly concurrency: number;
  readonly calls: CallMode;
  /** Each call starts when one before it has ended: the load adapts to the speed. */
  readonly loop: 'closed';
  /** Length of the windows that the stability test compares, in milliseconds. */
  readonly windowMs: number;
}

const WINDOWS = 6;
const SHORTEST_WINDOW_MS = 50;

/**
 * Decides all settings of a measurement.
 *
 * @param contexts execution contexts of the session; a binding keeps one of them for itself
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for numbers out of range, and for bindings that would outnumber the
 * contexts.
 */
export function decideSettings(options: BenchOptions, contexts: number): BenchSettings {
  const { warmUpMs = 500, durationMs = 3000, iterations = 10, concurrency = 1, calls = 'auto' } = options;
  requireNumber('warmUpMs', warmUpMs, 0);
  requireNumber('durationMs', durationMs, 1);
  requireNumber('iterations', iterations, 1);
  requireNumber('concurrency', concurrency, 1);
  if (calls === 'binding' && concurrency > contexts) {
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `${concurrency} bindings need as many execution contexts, but the session has ${contexts}.`,
      { hint: `Give the session ${concurrency} contexts, or let calls share them with calls: 'run'.` },
    );
  }
  return {
    warmUpMs,
    durationMs,
    iterations,
    concurrency,
    calls: calls === 'auto' ? (concurrency <= contexts ? 'binding' : 'run') : calls,
    loop: 'closed',
    windowMs: Math.max(SHORTEST_WINDOW_MS, durationMs / WINDOWS),
  };
}

function requireNumber(name: string, value: number, least: number): void {
  if (Number.isFinite(value) && value >= least) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `${name} must be a number of ${least} or more, but is ${value}.`,
  );
}
