// SPDX-License-Identifier: Apache-2.0
import type { Feeds, SessionOptions, TensorInfo, TensorLike } from '../index';

/** Outputs of a run by name. */
export type ModelOutputs = Readonly<Record<string, TensorLike & { readonly dims: readonly number[] }>>;

/** What is evaluated: a session of this package, or anything that runs like one. */
export interface EvaluatedModel {
  /** What it takes. */
  readonly inputs: readonly TensorInfo[];
  /** What it gives. */
  readonly outputs: readonly TensorInfo[];
  /** Where it runs, for the report. */
  readonly device?: string;
  /** What runs it, for the report. */
  readonly backend?: string;
  /** Called for several batches at once where `concurrency` says so. */
  run(feeds: Feeds, options?: { readonly signal?: AbortSignal }): Promise<ModelOutputs>;
}

/** A model to evaluate: a path, the bytes of an ONNX model, or a session, which stays open. */
export type ModelToEvaluate = string | Uint8Array | EvaluatedModel;

/** A model that can be run now. */
export interface OpenModel {
  readonly model: EvaluatedModel;
  /** For reports: the path, or what it is. */
  readonly name: string;
  /** Ends the session, if it was made here. */
  close(): Promise<void>;
}

/**
 * Makes a session for a path or for bytes; a session is used as it is.
 *
 * @throws {TensorRTError} what `createSession` throws
 */
export async function openModel(source: ModelToEvaluate, options: SessionOptions = {}): Promise<OpenModel> {
  if (typeof source !== 'string' && !(source instanceof Uint8Array))
    return { model: source, name: 'session', close: async () => undefined };
  const { createSession } = await import('../index.js');
  const session = await createSession(source, options);
  const name = typeof source === 'string' ? source : 'model in memory';
  return { model: session, name, close: () => session.close() };
}
