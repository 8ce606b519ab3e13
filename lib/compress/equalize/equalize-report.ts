// SPDX-License-Identifier: Apache-2.0

/** Largest absolute value of each channel, by the name of the tensor. */
export type ChannelMaxima = ReadonlyMap<string, Float32Array>;

/** What takes up the factors of a tensor: weights before it, gamma and beta of a normalisation, a new Mul. */
export type EqualizedBy = 'weights' | 'normalization' | 'multiplication';

/** A tensor whose channels were scaled. */
export interface EqualizedPlace {
  readonly tensor: string;
  /** Operators that read it with their weights. */
  readonly readers: readonly string[];
  readonly channels: number;
  readonly by: EqualizedBy;
  /** Range of the largest channel by that of the smallest which is not always zero. */
  readonly spreadBefore: number;
  readonly spreadAfter: number;
}

/** What equalisation did. */
export interface EqualizeReport {
  readonly places: readonly EqualizedPlace[];
  /** Largest of all spreads; 1 where there is no place. */
  readonly largestSpread: { readonly before: number; readonly after: number };
}

/** Sums up what was done. */
export function reportOf(places: readonly EqualizedPlace[]): EqualizeReport {
  const largest = (spreads: readonly number[]) => spreads.reduce((a, b) => Math.max(a, b), 1);
  const before = largest(places.map(({ spreadBefore }) => spreadBefore));
  return { places, largestSpread: { before, after: largest(places.map(({ spreadAfter }) => spreadAfter)) } };
}
