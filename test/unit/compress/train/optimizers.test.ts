// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  clipGradients,
  createOptimizer,
  type OptimizerOptions,
} from '../../../../lib/compress/train/optimizers';
import { learningRateShare } from '../../../../lib/compress/train/schedules';

const SGD = [1.2, 2.268, 2.61852, 2.3964828, 2.02360969, 1.80277123];
const ADAM = [0.1, 0.1998301, 0.29936355, 0.39846293, 0.49697971, 0.59475395];
const ADAMW = [0.1, 0.19883351, 0.29639114, 0.39255699, 0.48720881, 0.58021826];

/** Minimises 3 (w - 2)^2 from w = 0. */
function descend(options: OptimizerOptions, steps: number): number[] {
  const optimizer = createOptimizer(options);
  const values = Float32Array.of(0);
  const slots = Array.from({ length: optimizer.slots }, () => new Float32Array(1));
  return Array.from({ length: steps }, (_, step) => {
    const gradient = Float32Array.of(6 * (values[0]! - 2));
    optimizer.update({ values, gradient, slots, isDecayed: true }, step + 1, optimizer.learningRate);
    return values[0]!;
  });
}

describe('optimisers', () => {
  // PyTorch: torch.optim.SGD(lr=0.1, momentum=0.5, weight_decay=0.1), Adam(lr=0.1, weight_decay=0.1), AdamW(lr=0.1,
  // weight_decay=0.1) on the same function, in double.
  it.each<[OptimizerOptions, number[]]>([
    [{ optimizer: 'sgd', learningRate: 0.1, momentum: 0.5, weightDecay: 0.1 }, SGD],
    [{ optimizer: 'adam', learningRate: 0.1, weightDecay: 0.1 }, ADAM],
    [{ optimizer: 'adamw', learningRate: 0.1, weightDecay: 0.1 }, ADAMW],
  ])('%o makes the steps of PyTorch', (options, expected) => {
    const found = descend(options, expected.length);
    for (const [step, value] of expected.entries()) expect(found[step]).toBeCloseTo(value, 5);
  });

  it('draws no biases to zero', () => {
    const optimizer = createOptimizer({ optimizer: 'adamw', weightDecay: 0.5 });
    const values = Float32Array.of(3);
    const slots = [new Float32Array(1), new Float32Array(1)];
    optimizer.update({ values, gradient: new Float32Array(1), slots, isDecayed: false }, 1, 0.1);
    expect(values[0]).toBe(3);
  });

  it('makes gradients shorter together, and only long ones', () => {
    const [a, b] = [Float32Array.of(3), Float32Array.of(0, 4)];
    expect(clipGradients([a, b], 10)).toBe(5);
    expect([...a, ...b]).toEqual([3, 0, 4]);
    expect(clipGradients([a, b], 2.5)).toBe(5);
    expect([...a, ...b]).toEqual([1.5, 0, 2]);
  });
});

describe('learning rates', () => {
  const length = { epochs: 4, stepsPerEpoch: 25 };
  const at = (steps: readonly number[], options: Parameters<typeof learningRateShare>[1]) =>
    steps.map((step) => Number(learningRateShare(step, options, length).toFixed(6)));

  it('rise, then fall in half a cosine', () => {
    expect(at([0, 9, 10, 55, 99], { warmUp: 0.1 })).toEqual([0.1, 1, 1, 0.5, 0.000305]);
  });

  it('fall in steps', () => {
    expect(at([0, 49, 50, 99], { schedule: 'step', stepEpochs: 2, stepFactor: 0.5 })).toEqual([
      1, 1, 0.5, 0.5,
    ]);
  });

  it('stay', () => {
    expect(at([0, 50, 99], { schedule: 'constant' })).toEqual([1, 1, 1]);
  });
});
