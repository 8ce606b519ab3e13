// SPDX-License-Identifier: Apache-2.0
import type { InferenceSession, InferenceSessionHandler, SessionHandler } from 'onnxruntime-common';

import { TensorRTError } from '../errors';
import type { Session } from '../runtime/session';
import type { Tensor } from '../runtime/tensor';
import { readFeeds } from './feeds';
import { deliverOutputs, readFetches } from './fetches';
import { toMetadata } from './metadata';
import { checkRunOptions } from './run-options';
import { disposedError, runError } from './upstream-error';

/** The inside of an `InferenceSession`: a session of this package with the interface that onnxruntime-common asks for. */
export class DropInHandler implements InferenceSessionHandler {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly InferenceSession.ValueMetadata[];
  readonly outputMetadata: readonly InferenceSession.ValueMetadata[];
  readonly #session: Session;
  readonly #onIgnored: (name: string) => void;
  #isDisposed = false;

  /**
   * @param onIgnored - Told once of each name that is fed but that the model does not have.
   * @throws {TensorRTError} `ERR_TRT_RUN_UNSUPPORTED` for a model that the tensors of onnxruntime-common cannot serve.
   */
  constructor(session: Session, onIgnored: (name: string) => void) {
    this.#session = session;
    this.#onIgnored = once(onIgnored);
    this.inputMetadata = session.inputs.map(toMetadata);
    this.outputMetadata = session.outputs.map(toMetadata);
    this.inputNames = session.inputs.map(({ name }) => name);
    this.outputNames = session.outputs.map(({ name }) => name);
  }

  async run(
    feeds: SessionHandler.FeedsType,
    fetches: SessionHandler.FetchesType,
    options: InferenceSession.RunOptions,
  ): Promise<SessionHandler.ReturnType> {
    this.#requireOpen();
    checkRunOptions(options);
    const inputs = readFeeds(this.#session.inputs, feeds, this.#onIgnored);
    const wanted = readFetches(this.#session.outputs, fetches);
    try {
      // The feeds are copied before this call returns.
      const outputs = await this.#session.run(inputs, { outputs: [...wanted.keys()] });
      return deliverOutputs(wanted, outputs as Record<string, Tensor>);
    } catch (error) {
      // It waited for its turn when the session was released.
      if (error instanceof TensorRTError && error.code === 'ERR_TRT_RUN_CLOSED') throw disposedError(error);
      throw runError(error);
    }
  }

  /** Rejects runs that wait, waits for those that run, releases the model. A second call is an error, as upstream. */
  async dispose(): Promise<void> {
    this.#requireOpen();
    this.#isDisposed = true;
    await this.#session.close();
  }

  /** Does nothing: a session profiles from its creation on if it was made with `enableProfiling`. */
  startProfiling(): void {}

  /** Does nothing: the profile is written when the session is released. */
  endProfiling(): void {
    this.#requireOpen();
  }

  #requireOpen(): void {
    if (this.#isDisposed) throw disposedError();
  }
}

function once(report: (name: string) => void): (name: string) => void {
  const reported = new Set<string>();
  return (name) => {
    if (reported.has(name)) return;
    reported.add(name);
    report(name);
  };
}
