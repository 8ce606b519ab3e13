// SPDX-License-Identifier: Apache-2.0
import type { TensorData } from '../tensor/element-arrays';
import type { RunOutputs } from '../runtime/output-types';
import { createSession } from './create-session';
import type { SessionOptions } from './session-options';

/** A session of a model that computes gradients. */
export interface ModelTrainerSession {
  /** Runs once; feeds are copied before it returns, outputs belong to the caller. */
  run(
    feeds: Readonly<Record<string, { readonly data: TensorData; readonly dims: readonly number[] }>>,
  ): Promise<RunOutputs>;
  /** Gives its memory back. */
  close(): Promise<void>;
}

/** Loads a model to run it many times. */
export type ModelTrainer = (model: string | Uint8Array) => Promise<ModelTrainerSession>;

/**
 * What `distill` and `finetune` run the model with that computes gradients: one session, whose parameters are inputs.
 *
 * @param options - As for `createSession()`. Default: `{ device: 'cpu' }`.
 * @example
 * ```ts
 * const { model, report } = await finetune('pruned.onnx', { inputs, labels }, { trainer: sessionTrainer(), keepZeros: true });
 * ```
 */
export function sessionTrainer(options: SessionOptions = { device: 'cpu' }): ModelTrainer {
  return async (model) => {
    const session = await createSession(model, options);
    return { run: (feeds) => session.run(feeds), close: () => session.close() };
  };
}
