// SPDX-License-Identifier: Apache-2.0
// Weights of which an operation loses nothing: half of them zero for pruning, sixteen values for sharing, rank two for
// factorising, and for channels a half of the units that make nothing and are not read. A model computes the same then,
// before and after, however its graph looks.

import type { TensorSpec } from '../../../onnx-builder';
import { noise } from '../../../precision-models';

/** What is done to a model. */
export type Operation = 'prune' | 'cluster' | 'factorize' | 'channels';

/** True for positions along an axis that belong to units which are spared. */
export type Spared = (position: number) => boolean;

/** How weights lie, and what of them is spared. */
export interface Planting {
  /** Axis of the outputs; all others are inputs. Default 0. */
  readonly outputAxis?: number;
  /** Axis of the input channels. Default 1. */
  readonly inputAxis?: number;
  readonly outputs?: Spared;
  readonly inputs?: Spared;
}

const LEVELS = 16;
const RANK = 2;
const STEPS_PER_UNIT = 8;

/** The second half of each run of so many positions. */
export function halfOf(count: number): Spared {
  return (position) => position % count >= count / 2;
}

/** Values of weights of these dims. */
export function planted(
  operation: Operation,
  dims: readonly number[],
  { outputAxis = 0, inputAxis = 1, outputs, inputs }: Planting & { readonly seed?: number } = {},
  seed = 1,
): Float32Array {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const values = noise(count, 0.8, seed);
  const place = (at: number, axis: number) => Math.floor(at / sizeFrom(dims, axis + 1)) % dims[axis]!;
  if (operation === 'factorize') return ofLowRank(values, dims, outputAxis);
  return values.map((value, at) => {
    if (operation === 'cluster')
      return (
        Math.max(-LEVELS / 2, Math.min(LEVELS / 2 - 1, Math.round(value * STEPS_PER_UNIT))) / STEPS_PER_UNIT
      );
    if (operation === 'prune')
      return dims.reduce((sum, _, axis) => sum + place(at, axis), 0) % 2 === 0 ? 0 : value;
    const isSpared = outputs?.(place(at, outputAxis)) === true || inputs?.(place(at, inputAxis)) === true;
    return isSpared ? 0 : value;
  });
}

function sizeFrom(dims: readonly number[], axis: number): number {
  return dims.slice(axis).reduce((product, dim) => product * dim, 1);
}

function ofLowRank(values: Float32Array, dims: readonly number[], axis: number): Float32Array {
  const inner = sizeFrom(dims, axis + 1);
  const others = values.length / dims[axis]!;
  return values.map((_, at) => {
    const output = Math.floor(at / inner) % dims[axis]!;
    const rest = Math.floor(at / sizeFrom(dims, axis)) * inner + (at % inner);
    let sum = 0;
    for (let one = 0; one < RANK; one++)
      sum += 3 * values[output * RANK + one]! * values[(one * others + rest * 3 + 1) % values.length]!;
    return sum;
  });
}

/** A bias; zero for units that are spared. */
export function plantedBias(
  operation: Operation,
  name: string,
  dims: readonly number[],
  outputs?: Spared,
): TensorSpec {
  const data = noise(sizeFrom(dims, 0), 0.5, name.length);
  const isChannels = operation === 'channels';
  return { name, dims, data: data.map((value, at) => (isChannels && outputs?.(at) === true ? 0 : value)) };
}
