// SPDX-License-Identifier: Apache-2.0
import { runnerOver, type ModelRunner } from '../runtime/model-runner';
import { createSession } from './create-session';
import type { SessionOptions } from './session-options';

export type { ModelRunner } from '../runtime/model-runner';

/**
 * What calibration, quantisation and evaluation run models with: a session for each model, closed after its last run.
 *
 * @param options - As for `createSession()`. Default: `{ device: 'cpu' }`, whose numbers are the same on every machine.
 * @example
 * ```ts
 * const { model, report } = await quantize('model.onnx', { calibration: batches, runner: sessionRunner() });
 * ```
 */
export function sessionRunner(options: SessionOptions = { device: 'cpu' }): ModelRunner {
  return runnerOver((model) => createSession(model, options));
}
