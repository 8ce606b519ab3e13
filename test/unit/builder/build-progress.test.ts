// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { ProgressTracker } from '../../../lib/builder/build-progress';

type Step = [phase: string, parent: string, step: number, steps: number, finished?: boolean];

function fractions(steps: readonly Step[]): number[] {
  const tracker = new ProgressTracker();
  return steps.map(([phase, parent, step, total, finished = false]) => {
    return tracker.update({ kind: 'progress', phase, parent, step, steps: total, finished }).fraction;
  });
}

function expectRising(values: readonly number[]): void {
  expect(values).toEqual([...values].sort((a, b) => a - b));
  expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
}

describe('ProgressTracker', () => {
  it('counts steps of phases that it does not know, inner ones as parts of a step', () => {
    const values = fractions([
      ['Outer', '', 0, 2],
      ['Inner', 'Outer', 0, 4],
      ['Inner', 'Outer', 2, 4],
      ['Inner', 'Outer', 4, 4, true],
      ['Outer', '', 1, 2],
      ['Outer', '', 2, 2, true],
    ]);
    expectRising(values);
    expect(values[0]).toBe(0);
    expect(values[2]! / values[5]!).toBeCloseTo(0.25);
    expect(values[4]! / values[5]!).toBeCloseTo(0.5);
    expect(values[5]).toBeGreaterThan(0.9);
  });

  it('weighs the phases of TensorRT-RTX by their time, not by their number', () => {
    const values = fractions([
      ['Building engine', '', 0, 6],
      ['Cloning network graph', 'Building engine', 19, 19, true],
      ['Building engine', '', 2, 6],
      ['Preparing graph for optimization', 'Building engine', 4, 4, true],
      ['Building engine', '', 4, 6],
      ['Building engine from subgraph', 'Building engine', 0, 1],
      ['Optimizing graph', 'Building engine from subgraph', 30, 30, true],
      ['Computing profile costs', 'Building engine from subgraph', 3, 5],
      ['Determining refit engines', 'Computing profile costs', 1, 1, true],
      ['Building engine', '', 6, 6, true],
    ]);
    expectRising(values);
    expect(values[4]).toBeLessThan(0.1);
    expect(values[7]).toBeLessThan(0.2);
    expect(values[8]).toBeGreaterThan(0.8);
  });

  it('never falls: second outermost phases, repeated phases, steps that go back', () => {
    expectRising(
      fractions([
        ['A', '', 1, 2],
        ['A', '', 0, 2],
        ['A', '', 2, 2, true],
        ['B', '', 0, 9],
        ['C', 'B', 1, 1, true],
        ['C', 'B', 0, 1],
        ['B', '', 9, 9, true],
        ['orphan', 'nobody', 5, 5, true],
      ]),
    );
  });

  it('survives nonsense', () => {
    expectRising(
      fractions([
        ['self', 'self', 1, 2],
        ['x', '', 5, 0],
        ['y', '', 100, 2],
        ['self', '', 0, -1],
      ]),
    );
  });

  it('ends with exactly 1', () => {
    expect(new ProgressTracker().end()).toMatchObject({ fraction: 1, finished: true, parent: null });
  });
});
