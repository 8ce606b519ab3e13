// SPDX-License-Identifier: Apache-2.0
import type { TrainingOptions } from './train-options';
import type { TrainedTensor } from './training-plan';

/** Which weights of one tensor are one: the number of the value that each has. */
interface SharedValues {
  readonly indices: Uint32Array;
  /** How many weights have each value. */
  readonly counts: readonly number[];
}

/** What weights of two and more dimensions keep of the model as it came: zeros, and values that they share. */
export class KeptPatterns {
  private readonly masks = new Map<string, Uint8Array>();
  private readonly shared = new Map<string, SharedValues>();

  constructor(
    parameters: ReadonlyMap<string, TrainedTensor>,
    { keepZeros = false, keepShared = false }: Pick<TrainingOptions, 'keepZeros' | 'keepShared'>,
  ) {
    for (const [name, { dims, values }] of parameters) {
      if (dims.length < 2) continue;
      if (keepZeros && values.includes(0))
        this.masks.set(
          name,
          Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)),
        );
      const shared = keepShared ? findShared(values) : undefined;
      if (shared !== undefined) this.shared.set(name, shared);
    }
  }

  /** Gives weights that are one the mean of their gradients, and those that stay zero none; in place. */
  limitGradient(name: string, gradient: Float32Array): void {
    applyMask(gradient, this.masks.get(name));
    const shared = this.shared.get(name);
    if (shared === undefined) return;
    const { indices, counts } = shared;
    const sums = new Float64Array(counts.length);
    for (let i = 0; i < gradient.length; i++) sums[indices[i]!]! += gradient[i]!;
    for (let i = 0; i < gradient.length; i++) gradient[i] = sums[indices[i]!]! / counts[indices[i]!]!;
  }

  /** Sets what stays zero to zero, in place. Weights that are one have had the same gradients, and so the same values. */
  limitValues(name: string, values: Float32Array): void {
    applyMask(values, this.masks.get(name));
  }
}

function findShared(values: Float32Array): SharedValues | undefined {
  const numbers = new Map<number, number>();
  const counts: number[] = [];
  const indices = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    let index = numbers.get(values[i]!);
    if (index === undefined) {
      index = counts.length;
      numbers.set(values[i]!, index);
      counts.push(0);
    }
    counts[index]!++;
    indices[i] = index;
  }
  return counts.length === values.length ? undefined : { indices, counts };
}

function applyMask(values: Float32Array, mask: Uint8Array | undefined): void {
  if (mask === undefined) return;
  for (let i = 0; i < values.length; i++) if (mask[i] === 0) values[i] = 0;
}
