// SPDX-License-Identifier: Apache-2.0
import type { ElementType, Feeds, TensorData, TensorInfo } from '../../index';
import { TensorRTError } from '../../errors';
import { createUniform } from '../../random';
import { elementCount } from '../../tensor/element-arrays';
import { encodeNumbers } from '../data/element-conversion';

/** What random inputs are made for. */
export interface RandomFeedsRequest {
  readonly inputs: readonly TensorInfo[];
  /** Dims of inputs that leave some open, by name. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Dims that an engine is tuned for, by name; where `shapes` has none. */
  readonly tuned?: Readonly<Record<string, readonly number[]>>;
  readonly seed: number;
}

/** Open dims of inputs that nobody has said anything about. */
const USUAL_DIM = 1;

/**
 * Inputs from a seed: floats are normal with mean 0 and deviation 1; integers of 32 and 64 bits are 0 or 1, as they are
 * often indices; smaller ones are 0 to 127; booleans either. The same on every machine.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for dims that do not fit, or an element type that has no numbers
 */
export function randomFeeds(request: RandomFeedsRequest): Feeds {
  const feeds: Record<string, { type: ElementType; dims: readonly number[]; data: TensorData }> = {};
  request.inputs.forEach((input, index) => {
    const dims = dimsOf(input, request);
    // Inputs differ from each other, and a model with one more input keeps the numbers of the others.
    const random = createUniform((request.seed ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0);
    const numbers = Float64Array.from({ length: elementCount(dims) }, drawOf(input, random));
    feeds[input.name] = { type: input.type, dims, data: encode(numbers, input) };
  });
  return feeds;
}

function encode(numbers: Float64Array, input: TensorInfo): TensorData {
  try {
    return encodeNumbers(numbers, input.type, `'${input.name}'`);
  } catch (cause) {
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `No random numbers can be made for input '${input.name}' of type ${input.type}.`,
      { hint: 'Give inputs of your own.', details: { input: input.name, type: input.type }, cause },
    );
  }
}

function drawOf({ type }: TensorInfo, random: () => number): () => number {
  // The sum of twelve uniform numbers is as normal as this needs.
  if (type.includes('float'))
    return () => {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += random();
      return sum;
    };
  const most = type === 'bool' || /(32|64)$/.test(type) ? 2 : 128;
  return () => Math.floor(random() * most);
}

function dimsOf(input: TensorInfo, { shapes, tuned }: RandomFeedsRequest): readonly number[] {
  const given = shapes?.[input.name];
  const likely = given ?? tuned?.[input.name];
  const dims = likely ?? input.dims.map((dim) => (isOpen(dim) ? USUAL_DIM : dim));
  const fits =
    dims.length === input.dims.length && input.dims.every((dim, i) => isOpen(dim) || dim === dims[i]);
  if (fits) return dims;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `The shape [${dims.join(', ')}] does not fit input '${input.name}' [${input.dims.join(', ')}].`,
    { details: { input: input.name, expected: input.dims, received: dims } },
  );
}

function isOpen(dim: number | string): dim is string {
  return typeof dim === 'string' || dim < 0;
}
