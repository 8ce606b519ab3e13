// SPDX-License-Identifier: Apache-2.0
// What TensorRT makes of a compressed model, in words: a smaller file is not always a smaller engine, nor a faster one.

import type { ModelFacts } from './model-facts';

/** What TensorRT makes of zeros without a pattern. */
export const ZEROS_GAIN_NOTHING: readonly string[] = [
  'TensorRT gains nothing from these zeros: they are stored and multiplied like other weights, so latency, memory and the engine stay as they were.',
  'The file is as large as before; only zipped it is smaller. For speed prune by the pattern 2:4, or remove channels.',
];

/** What TensorRT makes of zeros in two of each four input channels. */
export const TWO_OF_FOUR_GAINS: readonly string[] = [
  'TensorRT has kernels for 2:4 on GPUs from Ampere on, for FP16, BF16 and INT8 mostly: build with sparseWeights: true (build --sparsity, the builder flag SPARSE_WEIGHTS), or the zeros are multiplied like other weights.',
  'It takes such a kernel only for layers where it is faster; measure with bench.',
  'The file is as large as before; zipped it is smaller. On the CPU nothing is faster.',
];

const SHARED_GAIN_NOTHING =
  'TensorRT gains nothing from shared values: it expands them when it builds, so latency, memory and the engine stay as they were. What is smaller is the file, or the file zipped.';
const WHAT_GAINS =
  'What TensorRT gains from: fewer channels and low rank, INT8 and FP16, and zeros by 2:4 on GPUs from Ampere on.';

/** Less is no change. */
const LEAST_SHARE = 0.005;
/** Rounding to few levels makes that many zeros by itself. */
const LEAST_ROUNDED = 0.3;

/**
 * Says what TensorRT makes of the difference between two models, and says so where it gains nothing. Told from the models
 * themselves, whatever made them.
 *
 * @param facts - As `measureCompression` finds them; its result has these sentences as `gains`.
 */
export function describeGains({
  before,
  after,
}: {
  readonly before: ModelFacts;
  readonly after: ModelFacts;
}): string[] {
  const gaining = [...arithmeticGains(before, after), ...typeGains(before, after)];
  const isPatterned = after.twoOfFour - before.twoOfFour > LEAST_SHARE;
  // By the pattern half of a layer's weights are zero: what is more has none.
  const loose = after.zeros - before.zeros - (after.twoOfFour - before.twoOfFour) / 2;
  const isLoose = loose > (hasNarrow(after) ? LEAST_ROUNDED : LEAST_SHARE);
  const isShared = after.shared - before.shared > LEAST_SHARE;
  const idle = [...(isLoose ? ZEROS_GAIN_NOTHING : []), ...(isShared ? [SHARED_GAIN_NOTHING] : [])];
  const sentences = [...gaining, ...(isPatterned ? TWO_OF_FOUR_GAINS : []), ...idle];
  if (sentences.length === 0)
    return [
      'TensorRT gains nothing: neither the arithmetic nor the type of the weights is another one.',
      WHAT_GAINS,
    ];
  return gaining.length > 0 || isPatterned ? sentences : [...sentences, WHAT_GAINS];
}

function arithmeticGains(before: ModelFacts, after: ModelFacts): string[] {
  const ratio = before.multiplyAdds === 0 ? 1 : after.multiplyAdds / before.multiplyAdds;
  // Vectors such as those of normalisations, which are folded away, do not count.
  const weights = weightsOf(before) === 0 ? 1 : weightsOf(after) / weightsOf(before);
  if (Math.min(ratio, weights) > 1 - LEAST_SHARE)
    return ratio > 1 + LEAST_SHARE
      ? [`A run takes ${percent(ratio)} of the multiply-adds: more than before.`]
      : [];
  const isSplit = after.layers > before.layers;
  return [
    `The model has ${percent(weights)} of the weights and ${percent(ratio)} of the multiply-adds: the engine is smaller, and runs are faster wherever arithmetic or memory is what takes the time.`,
    ...(isSplit
      ? [
          `It has ${after.layers} products in the place of ${before.layers}, each a kernel of its own: small ones gain less than the arithmetic says; measure with bench.`,
        ]
      : []),
  ];
}

const WIDE = ['float32', 'float64'];
const HALF = ['float16', 'bfloat16'];

/** Of types that TensorRT computes with, or stores weights in. */
function typeGains(before: ModelFacts, after: ModelFacts): string[] {
  const rise = (types: readonly string[]) => shareOf(after, types) - shareOf(before, types);
  const narrow = Object.keys(after.stored).filter((type) => isNarrow(type) && rise([type]) > LEAST_SHARE);
  const sentences = narrow.map((type) =>
    after.quantizedActivations && type !== 'int4'
      ? `${percent(shareOf(after, [type]))} of the weights are ${type}, activations are quantised too: a smaller engine, and faster runs on GPUs whose tensor cores compute in ${type}.`
      : `${percent(shareOf(after, [type]))} of the weights are ${type} and activations are not: less memory to read; the arithmetic is that of floating point.`,
  );
  if (rise(HALF) > LEAST_SHARE)
    sentences.push(
      `${percent(shareOf(after, HALF))} of the weights are half as wide: half of the memory for them in the engine, and faster runs on GPUs with tensor cores.`,
    );
  return sentences;
}

/** Levels of few bits; codes of tables are none. */
function isNarrow(type: string): boolean {
  return ![...WIDE, ...HALF, 'uint8'].includes(type);
}

function hasNarrow({ stored }: ModelFacts): boolean {
  return Object.keys(stored).some(isNarrow);
}

function shareOf(facts: ModelFacts, types: readonly string[]): number {
  const all = weightsOf(facts);
  return all === 0 ? 0 : types.reduce((sum, type) => sum + (facts.stored[type] ?? 0), 0) / all;
}

function weightsOf({ stored }: ModelFacts): number {
  return Object.values(stored).reduce((sum, count) => sum + count, 0);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
