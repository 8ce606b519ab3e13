// SPDX-License-Identifier: Apache-2.0

/** `exp(x_i - max x) / sum_j exp(x_j - max x)` of the `count` values from `from`, into `to`. */
export function softmax(values: ArrayLike<number>, from: number, count: number, to: Float64Array): void {
  let largest = -Infinity;
  for (let i = 0; i < count; i++) largest = Math.max(largest, values[from + i]!);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += to[i] = Math.exp(values[from + i]! - largest);
  for (let i = 0; i < count; i++) to[i]! /= sum;
}

/** What FP16 makes of a sum of a thousand probabilities. */
const SUM_TOLERANCE = 0.01;

/** Whether the values are probabilities already: none negative, and they add up to 1. */
export function isDistribution(values: ArrayLike<number>, from: number, count: number): boolean {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const value = values[from + i]!;
    if (!(value >= 0)) return false;
    sum += value;
  }
  return Math.abs(sum - 1) <= SUM_TOLERANCE;
}
