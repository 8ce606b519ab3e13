// SPDX-License-Identifier: Apache-2.0
// onnxruntime-node and the drop-in side by side: what one does the other must do too.

import * as upstream from 'onnxruntime-node';
import { afterEach } from 'vitest';

import * as dropIn from '../../../lib/onnxruntime';

/** A package with the interface of onnxruntime-node. */
export type Ort = Pick<typeof upstream, 'InferenceSession' | 'Tensor'>;

/** Both packages by name. */
export const PACKAGES: readonly (readonly [name: string, ort: Ort])[] = [
  ['onnxruntime-node', upstream],
  ['the drop-in', dropIn],
];

export { dropIn, upstream };

const opened: upstream.InferenceSession[] = [];
afterEach(async () => {
  for (const session of opened.splice(0)) {
    // A test may have released it.
    await session.release().catch(() => undefined);
  }
});

/** A session that is released after the test. */
export async function open(
  ort: Ort,
  model: string | Uint8Array,
  options?: upstream.InferenceSession.SessionOptions,
): Promise<upstream.InferenceSession> {
  const session =
    typeof model === 'string'
      ? await ort.InferenceSession.create(model, options)
      : await ort.InferenceSession.create(model, options);
  opened.push(session);
  return session;
}

/** What a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected an error, but there was none');
}

/** The parts of a tensor that can be compared: both packages may use different copies of onnxruntime-common. */
export function plain(value: upstream.OnnxValue): object {
  const { type, dims, data, location } = value;
  return { type, dims: [...dims], data: Array.isArray(data) ? [...data] : data, location };
}

/** The tensors of a run by name, in their comparable form. */
export function plainAll(values: upstream.InferenceSession.ReturnType): object {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plain(value)]));
}
