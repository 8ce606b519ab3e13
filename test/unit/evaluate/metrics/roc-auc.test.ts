// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { areaUnderRoc, rocAucOf } from '../../../../lib/evaluate/metrics/roc-auc';
import { ScoreStore } from '../../../../lib/evaluate/metrics/score-store';
import { createUniform } from '../../../../lib/random';

/** The share of pairs that are in order, counted one by one. */
function byPairs(positives: ArrayLike<number>, negatives: ArrayLike<number>): number {
  let wins = 0;
  for (let p = 0; p < positives.length; p++)
    for (let n = 0; n < negatives.length; n++)
      wins += positives[p]! > negatives[n]! ? 1 : positives[p] === negatives[n] ? 0.5 : 0;
  return wins / positives.length / negatives.length;
}

describe('areaUnderRoc', () => {
  it('agrees with scikit-learn where scores are tied', () => {
    // roc_auc_score([0,1,1,0,1,0,1,0], [.1,.4,.35,.4,.8,.5,.9,.35])
    expect(areaUnderRoc(Float32Array.of(0.4, 0.35, 0.8, 0.9), Float32Array.of(0.1, 0.4, 0.5, 0.35))).toBe(
      0.75,
    );
  });

  it.each([1, 2, 3])('agrees with a count of all pairs (seed %i)', (seed) => {
    const random = createUniform(seed);
    const draw = (count: number) => Float32Array.from({ length: count }, () => Math.floor(random() * 20));
    const [positives, negatives] = [draw(83), draw(117)];
    expect(areaUnderRoc(positives, negatives)).toBeCloseTo(byPairs(positives, negatives), 12);
  });

  it('does not exist without samples of both kinds', () => {
    expect(areaUnderRoc(new Float32Array(), Float32Array.of(1))).toBeNull();
  });
});

describe('rocAucOf', () => {
  const rows = [
    [2, 1, 0],
    [0, 1, 0.5],
    [1, 1, 2],
    [0, 3, 1],
    [1, 0, 2],
    [1, 2, 0],
    [3, 0, 1],
  ];
  const labels = [0, 1, 2, 2, 1, 0, 0];

  it('makes probabilities of scores and averages the classes as scikit-learn', () => {
    // roc_auc_score(t, softmax(s), multi_class='ovr', average='macro' | 'weighted')
    const store = new ScoreStore(3);
    rows.forEach((row, index) => store.add(row, 0, labels[index]!));
    const found = rocAucOf(store, false)!;
    expect(found.macro).toBeCloseTo(0.6694444444444444, 12);
    expect(found.weighted).toBeCloseTo(0.7107142857142856, 12);
  });

  it('keeps scores of many samples apart, over the ends of its chunks', () => {
    const store = new ScoreStore(1);
    for (let i = 0; i < 70_000; i++) store.add([i], 0, i < 35_000 ? 0 : 1);
    expect(rocAucOf(store, true)).toEqual({ macro: 1, weighted: 1, classes: [1] });
  });

  it('leaves out classes without samples', () => {
    const store = new ScoreStore(4);
    rows.forEach((row, index) => store.add([...row, -9], 0, labels[index]!));
    expect(rocAucOf(store, false)!.classes[3]).toBeNull();
  });
});
