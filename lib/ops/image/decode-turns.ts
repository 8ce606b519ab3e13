// SPDX-License-Identifier: Apache-2.0
import { abortedError } from '../../runtime/pending-calls';

/** Lets so many callers in at once; the others wait in the order in which they came. */
export class Turns {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Waits for a turn, which {@link Turns.leave} ends.
   *
   * @throws {TensorRTError} `ERR_TRT_RUN_ABORTED` if the signal fires before; then there is no turn to end.
   */
  async enter(signal?: AbortSignal): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const abort = (): void => {
        this.#waiting.delete(enter);
        reject(abortedError(signal!));
      };
      this.#waiting.add(enter);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Ends a turn: the next one's begins. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
