// SPDX-License-Identifier: Apache-2.0

/** The calls of an object that is closed when they have ended. */
export class CallsInFlight {
  #count = 0;
  #idle: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  /** Whether {@link CallsInFlight.close} was called: no call may begin. */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Counts a call until it has settled, and gives what it gives. */
  async track<T>(call: Promise<T>): Promise<T> {
    this.#count++;
    try {
      return await call;
    } finally {
      if (--this.#count === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** Waits for the calls in flight, then calls `release`. Later calls do nothing: they give the same promise. */
  close(release: () => Promise<unknown>): Promise<void> {
    return (this.#closing ??= this.#close(release));
  }

  async #close(release: () => Promise<unknown>): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await release();
  }
}
