// SPDX-License-Identifier: Apache-2.0
import type { BenchEnvironment } from './environment';
import type { EventLoopDelay } from './event-loop-delay';
import type { Distribution } from './latency-recorder';
import type { BenchSettings } from './settings';
import type { BenchWindow } from './stop-rule';

/** The result of a measurement: plain data, the document of `bench --json`. */
export interface BenchReport {
  /** Path or name of the model. */
  readonly model: string;
  readonly backend: string;
  readonly device: string;
  /** Why another device than the best one ran the model; null where it did not. */
  readonly fallbackReason: string | null;
  /** All that the numbers depend on. */
  readonly settings: BenchSettings & Readonly<Record<string, unknown>>;
  /** Whether the measurement settled. */
  readonly stable: boolean;
  /** Why it is not stable; null where it is. */
  readonly unstableReason: string | null;
  /** Measured inferences. */
  readonly inferences: number;
  /** From the first measured call to the end of the last. */
  readonly measuredMs: number;
  readonly throughput: { readonly inferencesPerSecond: number };
  /** From the call until its outputs can be read, in JavaScript. */
  readonly latencyMs: Distribution;
  readonly eventLoopDelayMs: EventLoopDelay;
  /** The windows that stability was judged by. */
  readonly windows: readonly BenchWindow[];
  readonly environment: BenchEnvironment;
}
