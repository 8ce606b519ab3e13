// SPDX-License-Identifier: Apache-2.0
import { DAMPING } from '../reconstruct/least-squares';

/**
 * What is added to the diagonal of a Gram matrix, as part of its mean. Few samples tell little: the fewer there are for
 * each input, the more weights are held where they were.
 */
export function dampingOf({ size, count }: { readonly size: number; readonly count: number }): number {
  return Math.max(DAMPING, size / Math.max(1, count));
}
