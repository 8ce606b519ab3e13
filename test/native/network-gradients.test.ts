// SPDX-License-Identifier: Apache-2.0
// Gradients of whole networks: a step against the gradient changes the loss by as much as the gradient says.
import { describe, expect, test } from 'vitest';
import { sessionTrainer } from '../../lib/index';
import { loadModel } from '../../lib/onnx';
import { planTraining, prepareToTrain, type TrainedTensor } from '../../lib/compress/train/training-plan';
import { openTrainingData } from '../../lib/compress/train/training-data';
import { scoresOf } from '../../lib/compress/train/losses';
import type { TrainerSession, TrainingTensor } from '../../lib/compress/train/trainer';
import { networkPath, readSamples } from '../training-samples';

const trainer = sessionTrainer({ device: 'cpu', intraOpNumThreads: 1 });
const SAMPLES = 24;

describe.each(['cnn', 'separable', 'mlp', 'transformer-pre', 'transformer-post'])('%s', (name) => {
  test.each([true, false])(
    'has the slope of its loss, statistics of the batch: %s',
    async (batchStatistics) => {
      const model = prepareToTrain(await loadModel(networkPath(name)));
      const plan = planTraining(model, { output: scoresOf(model), hard: 1 }, { batchStatistics });
      const data = await readSamples(name === 'mlp' ? 'clusters' : 'digits', 'test', SAMPLES);
      const batch = openTrainingData(data).read(Array.from({ length: SAMPLES }, (_, index) => index));
      const session = await trainer(plan.training.model.toBytes());
      try {
        const run = runner(session, plan.training.model.graph.input, {
          ...asFeeds(plan.statistics),
          ...batch,
        });
        const outputs = await run(plan.parameters);
        // Each weight moves along its gradient, by a share of the gradient's length.
        const gradients = new Map(
          [...plan.training.gradients].map(([parameter, output]) => [parameter, outputs[output]!]),
        );
        const length = Math.sqrt([...gradients.values()].reduce((sum, list) => sum + squares(list), 0));
        expect(gradients.size).toBe(plan.parameters.size);
        const step = Math.min(2e-3, 2e-3 / length);
        const lossAt = async (sign: number): Promise<number> => {
          const moved = [...plan.parameters].map(([parameter, { dims, values }]) => {
            const gradient = gradients.get(parameter)!;
            return [
              parameter,
              { dims, values: values.map((value, at) => value + sign * step * gradient[at]!) },
            ] as const;
          });
          return (await run(new Map(moved)))[plan.training.parts.get('loss')!]![0]!;
        };
        const slope = ((await lossAt(1)) - (await lossAt(-1))) / (2 * step);
        expect(slope / length ** 2).toBeGreaterThan(0.97);
        expect(slope / length ** 2).toBeLessThan(1.03);
      } finally {
        await session.close();
      }
    },
  );
});

function runner(
  session: TrainerSession,
  inputs: readonly { readonly name: string }[],
  fixed: Readonly<Record<string, TrainingTensor>>,
): (parameters: ReadonlyMap<string, TrainedTensor>) => Promise<Record<string, Float32Array>> {
  return async (parameters) => {
    const all = { ...fixed, ...asFeeds(parameters) };
    const feeds = Object.fromEntries(inputs.map(({ name }) => [name, all[name]!]));
    const outputs = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(outputs).map(([output, { data }]) => [output, data as Float32Array]),
    );
  };
}

function asFeeds(tensors: ReadonlyMap<string, TrainedTensor>): Record<string, TrainingTensor> {
  return Object.fromEntries([...tensors].map(([name, { dims, values }]) => [name, { dims, data: values }]));
}

const squares = (list: Float32Array): number => list.reduce((sum, value) => sum + value * value, 0);
