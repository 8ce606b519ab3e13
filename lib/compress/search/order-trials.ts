// SPDX-License-Identifier: Apache-2.0
// Which compositions are worth a measurement first, told from what their single steps came to.

import { nameChoice, singlesOf, STORAGES, UNCHANGED, type Choice, type Storage } from './choice';
import type { CompressionTrial } from './trial';

/** Strengths that are tried. */
export interface SearchSpace {
  readonly channels: readonly number[];
  readonly rank: readonly number[];
  readonly storage: readonly Storage[];
  readonly spared: readonly number[];
}

export const DEFAULT_SPACE: SearchSpace = {
  channels: [0.15, 0.3, 0.45],
  rank: [0.75, 0.5, 0.35],
  storage: STORAGES,
  spared: [0, 0.2],
};

/** Each step by itself at each strength. */
export function singleChoices({ channels, rank, storage }: SearchSpace): Choice[] {
  return [
    ...storage.filter((one) => one !== 'fp32').map((one) => ({ ...UNCHANGED, storage: one })),
    ...channels.map((one) => ({ ...UNCHANGED, channels: one })),
    ...rank.map((one) => ({ ...UNCHANGED, rank: one })),
  ];
}

/** What is expected of a composition. */
export interface Prediction {
  readonly choice: Choice;
  /** Share of the source's bytes. */
  readonly size: number;
  /** Noise by signal of the outputs: that of independent steps adds up. */
  readonly noise: number;
}

/** What is known of the source and of single steps. */
export interface KnownTrials {
  readonly source: CompressionTrial;
  readonly trials: ReadonlyMap<string, CompressionTrial>;
}

/**
 * All compositions whose single steps were possible, with what is expected of them: sizes multiply, noise adds up. Sparing
 * sensitive layers is expected to take a share of the noise away and to leave the same share of the layers large.
 */
export function predictCompositions(space: SearchSpace, { source, trials }: KnownTrials): Prediction[] {
  const found: Prediction[] = [];
  for (const channels of [0, ...space.channels])
    for (const rank of [1, ...space.rank])
      for (const storage of new Set<Storage>(['fp32', ...space.storage]))
        for (const spared of space.spared) {
          const choice = { channels, rank, storage, spared };
          const parts = singlesOf(choice).map((single) => trials.get(nameChoice(single)));
          if (parts.length === 0 || parts.includes(undefined)) continue;
          found.push(predict(choice, parts as CompressionTrial[], source));
        }
  return found;
}

function predict(choice: Choice, parts: readonly CompressionTrial[], source: CompressionTrial): Prediction {
  const size = parts.reduce((product, { bytes }) => product * (bytes / source.bytes), 1);
  const noise = parts.reduce((sum, { sqnrDb }) => sum + 10 ** (-sqnrDb / 10), 0);
  const { spared } = choice;
  return { choice, size: size * (1 - spared) + spared, noise: noise * (1 - spared) };
}

/** Where the search is to end. */
export interface SearchAim {
  /** Largest share of the source's bytes. */
  readonly size?: number;
  /** Largest drop. */
  readonly maxDrop?: number;
}

/**
 * The most promising first: with a size to be reached, those that are expected to reach it, least noise first, then the
 * larger ones by size. Without one, by the product of size and noise.
 */
export function orderPredictions(predictions: readonly Prediction[], { size }: SearchAim): Prediction[] {
  const cost = ({ size: own, noise }: Prediction) => Math.log(own) + 0.2 * Math.log(Math.max(noise, 1e-12));
  if (size === undefined) return [...predictions].sort((a, b) => cost(a) - cost(b));
  const reach = predictions.filter((one) => one.size <= size).sort((a, b) => a.noise - b.noise);
  const miss = predictions.filter((one) => one.size > size).sort((a, b) => a.size - b.size);
  return [...reach, ...miss];
}
