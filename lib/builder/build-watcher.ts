// SPDX-License-Identifier: Apache-2.0
import type { NativeBuildEvent } from '../binding/contract';
import type { LogLine } from '../errors';
import type { BuildSettings } from './build-options';
import { ProgressTracker } from './build-progress';

/**
 * Hands events of a build to the caller's functions. If one of these throws, the build has no point any more: it is
 * stopped and rejects with what was thrown.
 */
export class BuildWatcher {
  readonly #settings: Pick<BuildSettings, 'onProgress' | 'onLog'>;
  readonly #tracker = new ProgressTracker();
  #failure: { error: unknown } | undefined;
  /** Called once when a function of the caller throws. */
  onFailure: (() => void) | undefined;

  constructor(settings: Pick<BuildSettings, 'onProgress' | 'onLog'>) {
    this.#settings = settings;
  }

  /** Takes events of the native build in. */
  take(events: readonly NativeBuildEvent[]): void {
    for (const event of events) {
      if (this.#failure) return;
      if (event.kind === 'log') this.#call(() => this.#settings.onLog?.(event.line));
      else this.#call(() => this.#settings.onProgress?.(this.#tracker.update(event)));
    }
  }

  /** Reports something that this package noticed itself. */
  warn(message: string): void {
    const line: LogLine = { severity: 'warning', message };
    this.#call(() => this.#settings.onLog?.(line));
  }

  /** Reports the end of a build that succeeded. */
  end(): void {
    this.#call(() => this.#settings.onProgress?.(this.#tracker.end()));
  }

  /** Throws what a function of the caller threw. */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  #call(report: () => void): void {
    if (this.#failure) return;
    try {
      report();
    } catch (error) {
      this.#failure = { error };
      this.onFailure?.();
    }
  }
}
