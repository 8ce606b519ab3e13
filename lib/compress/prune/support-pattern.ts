// SPDX-License-Identifier: Apache-2.0
// Which weights of a layer become zero: the least of all, or of each group that a pattern makes.

import { inputsOf, type MatrixView } from '../layers/weight-layer';

/** Where zeros may be. */
export type PrunePattern =
  'unstructured' | '2:4' | { readonly block: readonly [rows: number, columns: number] };

/** How many zeros: a share of the weights, or all whose score is below a threshold. */
export type PruneAmount = { readonly count: number } | { readonly threshold: number };

/** Of so many consecutive input channels two are kept. */
const GROUP = 4;
const KEPT_IN_GROUP = 2;
/** Kernels for 2:4 need so many channels. */
const FEWEST_CHANNELS = 16;

/** Why a layer cannot have a pattern; undefined where it can. */
export function patternProblem(view: MatrixView, pattern: PrunePattern): string | undefined {
  if (pattern !== '2:4') return undefined;
  const { channels, groups } = view;
  const outputs = view.outputs * groups;
  if (channels % GROUP !== 0) return `its ${channels} input channels do not divide by ${GROUP}`;
  if (outputs % GROUP !== 0) return `its ${outputs} outputs do not divide by ${GROUP}`;
  if (channels < FEWEST_CHANNELS)
    return `it has ${channels} input channels: below ${FEWEST_CHANNELS} there is no kernel for 2:4`;
  return undefined;
}

/** What the input channels of a part of a layer divide by, so that a pattern fits it as it fits the whole. */
export function channelMultiple(pattern: PrunePattern): number {
  if (pattern === 'unstructured') return 1;
  return pattern === '2:4' ? GROUP : pattern.block[1];
}

/**
 * The weights that stay, by their scores: 1 where one stays.
 *
 * - unstructured: those with the largest scores of the whole layer;
 * - 2:4: for each output and tap the two largest of four consecutive input channels, whatever the amount;
 * - blocks: those of outputs times inputs whose squares of scores have the largest mean; blocks at the edges are smaller.
 *   As many are zero as fit the amount.
 *
 * @param scores - Not negative, of all groups: `[groups * outputs][inputs]`.
 */
export function chooseSupport(
  scores: Float32Array,
  view: MatrixView,
  { pattern, amount }: { pattern: PrunePattern; amount: PruneAmount },
): Uint8Array {
  if (pattern === '2:4') return chooseTwoOfFour(scores, view);
  if (pattern === 'unstructured') return chooseLargest(scores, amount);
  return chooseBlocks(scores, view, { block: pattern.block, amount });
}

function chooseLargest(scores: Float32Array, amount: PruneAmount): Uint8Array {
  if ('threshold' in amount) return Uint8Array.from(scores, (score) => (score < amount.threshold ? 0 : 1));
  const support = new Uint8Array(scores.length).fill(1);
  const count = Math.min(scores.length, amount.count);
  if (count <= 0) return support;
  const limit = scores.slice().sort()[count - 1]!;
  let left = count;
  for (let at = 0; at < scores.length; at++)
    if (scores[at]! < limit) {
      support[at] = 0;
      left--;
    }
  // Of equal scores the first go.
  for (let at = 0; at < scores.length && left > 0; at++)
    if (scores[at] === limit) {
      support[at] = 0;
      left--;
    }
  return support;
}

function chooseTwoOfFour(scores: Float32Array, { channels, taps }: MatrixView): Uint8Array {
  const support = new Uint8Array(scores.length);
  const inputs = channels * taps;
  const rows = scores.length / inputs;
  const places = new Int32Array(GROUP);
  for (let row = 0; row < rows; row++)
    for (let channel = 0; channel < channels; channel += GROUP)
      for (let tap = 0; tap < taps; tap++) {
        for (let i = 0; i < GROUP; i++) places[i] = row * inputs + (channel + i) * taps + tap;
        places.sort((a, b) => scores[b]! - scores[a]! || a - b);
        for (let i = 0; i < KEPT_IN_GROUP; i++) support[places[i]!] = 1;
      }
  return support;
}

interface Block {
  /** Positions of its weights. */
  readonly places: readonly number[];
  /** Mean of the squares of their scores. */
  readonly score: number;
}

function chooseBlocks(
  scores: Float32Array,
  view: MatrixView,
  { block, amount }: { block: readonly [number, number]; amount: PruneAmount },
): Uint8Array {
  const support = new Uint8Array(scores.length).fill(1);
  const blocks = listBlocks(scores, view, block).sort((a, b) => a.score - b.score);
  let left = 'count' in amount ? amount.count : Infinity;
  for (const { places, score } of blocks) {
    if ('threshold' in amount && !(Math.sqrt(score) < amount.threshold)) break;
    if (places.length > left) break;
    for (const at of places) support[at] = 0;
    left -= places.length;
  }
  return support;
}

function listBlocks(
  scores: Float32Array,
  view: MatrixView,
  [rows, columns]: readonly [number, number],
): Block[] {
  const inputs = inputsOf(view);
  const blocks: Block[] = [];
  for (let group = 0; group < view.groups; group++)
    for (let top = 0; top < view.outputs; top += rows)
      for (let left = 0; left < inputs; left += columns) {
        const places: number[] = [];
        let sum = 0;
        for (let row = top; row < Math.min(view.outputs, top + rows); row++)
          for (let column = left; column < Math.min(inputs, left + columns); column++) {
            const at = (group * view.outputs + row) * inputs + column;
            places.push(at);
            sum += scores[at]! ** 2;
          }
        blocks.push({ places, score: sum / places.length });
      }
  return blocks;
}

/** True if of four consecutive input channels two at most differ from zero, for each output and tap. */
export function holdsTwoOfFour(weights: ArrayLike<number>, { channels, taps }: MatrixView): boolean {
  const inputs = channels * taps;
  for (let row = 0; row < weights.length / inputs; row++)
    for (let channel = 0; channel < channels; channel += GROUP)
      for (let tap = 0; tap < taps; tap++) {
        let kept = 0;
        for (let i = 0; i < GROUP; i++) if (weights[row * inputs + (channel + i) * taps + tap] !== 0) kept++;
        if (kept > KEPT_IN_GROUP) return false;
      }
  return true;
}
