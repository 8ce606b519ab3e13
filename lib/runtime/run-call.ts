// SPDX-License-Identifier: Apache-2.0
import type { NativeOutputs, NativeSession, NativeTarget } from '../binding/contract';
import type { DeviceTensor } from './device-tensor';
import type { PreparedFeeds } from './feeds';
import type { Call } from './pending-calls';
import type { SessionOutputs } from './session-outputs';
import type { Tensor } from './tensor';

/** One call of `Session.run()`. A class, since its object is a good part of what a call costs. */
export class RunCall implements Call<Record<string, Tensor | DeviceTensor>> {
  readonly #native: NativeSession;
  readonly #targets: readonly NativeTarget[];
  readonly #outputs: SessionOutputs;
  #feeds: PreparedFeeds | undefined;

  constructor(
    native: NativeSession,
    feeds: PreparedFeeds,
    { targets, outputs }: { targets: readonly NativeTarget[]; outputs: SessionOutputs },
  ) {
    this.#native = native;
    this.#feeds = feeds;
    this.#targets = targets;
    this.#outputs = outputs;
  }

  submit(ticket: number): void {
    const { arrays, dims } = this.#feeds!;
    this.#native.submit(ticket, arrays, dims, this.#targets);
    // Copied by now: the caller's arrays need not live as long as the call.
    this.#feeds = undefined;
  }

  withdraw(ticket: number): boolean {
    return this.#native.withdraw(ticket);
  }

  finish(result: unknown): Record<string, Tensor | DeviceTensor> {
    return this.#outputs.collect(this.#targets, result as NativeOutputs | undefined);
  }
}
