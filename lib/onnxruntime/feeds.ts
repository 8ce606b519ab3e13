// SPDX-License-Identifier: Apache-2.0
import type { SessionHandler } from 'onnxruntime-common';

import type { Feeds } from '../runtime/feeds';
import type { TensorInfo } from '../tensor/tensor-info';
import { checkTensor } from './tensor-checks';
import { upstreamError } from './upstream-error';

/**
 * Turns feeds into those of a session of this package. What is fed beyond the model's inputs is left out, as
 * onnxruntime-node does: code that feeds several models from one object relies on it.
 *
 * @param onIgnored - Told of each name that is left out.
 * @throws {TensorRTError} `ERR_TRT_RUN_INPUT_*`, `ERR_TRT_ARG_TYPE`, `ERR_TRT_RUN_UNSUPPORTED`
 */
export function readFeeds(
  inputs: readonly TensorInfo[],
  feeds: SessionHandler.FeedsType,
  onIgnored: (name: string) => void,
): Feeds {
  const read: Record<string, Feeds[string]> = {};
  for (const info of inputs) {
    const value = feeds[info.name];
    if (value === undefined) {
      throw upstreamError(
        'Error',
        'ERR_TRT_RUN_INPUT_MISSING',
        `input '${info.name}' is missing in 'feeds'.`,
        {
          details: { missing: [info.name], expected: inputs.map(({ name }) => name) },
        },
      );
    }
    const { type, data, dims } = checkTensor('input', info, value);
    read[info.name] = { type, data, dims } as Feeds[string];
  }
  for (const name of Object.keys(feeds)) if (!Object.hasOwn(read, name)) onIgnored(name);
  return read;
}
