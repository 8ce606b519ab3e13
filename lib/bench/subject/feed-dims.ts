// SPDX-License-Identifier: Apache-2.0
import { DeviceTensor, TensorRTError, type Feeds, type Session, type TensorInfo } from '../../index';

/** What a caller may feed to one input. */
export type Feed = Feeds[string];

/**
 * Shape of what is fed to an input. A bare array has that of the model, with one open dimension at most.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_INPUT_SHAPE` where its length leaves the shape open.
 */
export function feedDims(info: TensorInfo, feed: Feed): readonly number[] {
  const isBare = ArrayBuffer.isView(feed) || feed instanceof Array;
  if (!isBare && feed.dims !== undefined) return feed.dims;
  const dims = info.dims.map((dim) => (typeof dim === 'number' && dim >= 0 ? dim : -1));
  const open = dims.indexOf(-1);
  if (open < 0) return dims;
  const { length } = isBare ? feed : (feed as { data: { length: number } }).data;
  const rest = dims.reduce((product, dim) => (dim < 0 ? product : product * dim), 1);
  if (dims.indexOf(-1, open + 1) < 0 && rest > 0 && length % rest === 0)
    return dims.map((dim, index) => (index === open ? length / rest : dim));
  throw new TensorRTError(
    'ERR_TRT_RUN_INPUT_SHAPE',
    `Input "${info.name}" [${info.dims.join(', ')}] leaves dims open that an array of ${length} elements does not tell.`,
    {
      hint: 'Feed it as { data, dims }.',
      details: { input: info.name, expected: info.dims, received: length },
    },
  );
}

/** Whether the model leaves a dimension of the input open. */
export function isDynamic({ dims }: TensorInfo): boolean {
  return dims.some((dim) => typeof dim !== 'number' || dim < 0);
}

/**
 * Samples in one inference: the first dimension, where all inputs of two and more dimensions and all outputs with a fixed
 * one have the same; else 1.
 */
export function batchOf({ inputs, outputs }: Pick<Session, 'inputs' | 'outputs'>, feeds: Feeds): number {
  const fed = inputs.flatMap((info) => {
    const feed = feeds[info.name];
    const dims = feed === undefined ? [] : feedDims(info, feed);
    return dims.length >= 2 ? [dims[0]!] : [];
  });
  const made = outputs.map(({ dims }) => dims[0]).filter((dim) => typeof dim === 'number' && dim >= 0);
  const [batch = 1] = fed;
  return batch >= 1 && [...fed, ...made].every((dim) => dim === batch) ? batch : 1;
}

/** Inputs that are on the device already. */
export function isOnDevice(feed: Feed): feed is DeviceTensor {
  return feed instanceof DeviceTensor;
}
