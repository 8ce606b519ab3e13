// SPDX-License-Identifier: Apache-2.0
// A student that was cut out of its teacher: a third of the channels goes, what was lost is learned again.
import { describe, expect, test } from 'vitest';
import { distill, lossSensitivity, pruneChannels, type PruneChannelsReport } from '../../lib/compress';
import { nativeNumerics, sessionRunner, sessionTrainer } from '../../lib/index';
import { checkOnnxModel, loadModel, type OnnxModel } from '../../lib/onnx';
import { accuracyOf, calibrationFeeds, networkPath, ON_ONE_THREAD, samplesOf } from '../compression-networks';

const trainer = sessionTrainer(ON_ONE_THREAD);
const runner = sessionRunner(ON_ONE_THREAD);
const PIXELS = 64;

/** The first samples that networks were trained on. */
function trainingData(count: number) {
  const { input, labels } = samplesOf('digits', 'train');
  return {
    inputs: { input: { data: input.data.slice(0, count * PIXELS), dims: [count, 1, 8, 8] } },
    labels: { data: labels.slice(0, count), dims: [count] },
  };
}

describe.each(['mlp', 'transformer'])('30 %% of the channels of %s', (name) => {
  test('are made up for by distillation, to a point', async () => {
    const numerics = await nativeNumerics();
    let narrowed: PruneChannelsReport | undefined;
    const narrow = async (teacher: OnnxModel) => {
      const calibration = calibrationFeeds('digits');
      const made = await pruneChannels(teacher, { ratio: 0.3, calibration, runner, numerics });
      narrowed = made.report;
      return made;
    };
    const { model, report } = await distill(networkPath(name), narrow, trainingData(640), {
      trainer,
      epochs: 1,
      learningRate: 3e-4,
    });
    expect(checkOnnxModel(model)).toEqual([]);
    const { channels, parameters, multiplyAdds } = narrowed!;
    expect(channels.after / channels.before).toBeLessThan(0.72);
    expect(parameters.after).toBeLessThan(0.77 * parameters.before);
    expect(multiplyAdds.after).toBeLessThan(0.77 * multiplyAdds.before);
    expect(report.parameters.after).toBeLessThan(0.77 * report.teacherParameters);
    // The part that defaults are chosen on: benchmarks report the other one.
    const before = await accuracyOf(networkPath(name), 'digits', 'validation');
    expect(await accuracyOf(model.toBytes(), 'digits', 'validation')).toBeGreaterThan(before - 0.01);
  });
});

test('the function gets a copy of the teacher, and has to return a model', async () => {
  const teacher = await loadModel(networkPath('mlp'));
  const bytes = Buffer.from(teacher.toBytes());
  const { inputs } = trainingData(64);
  const spoil = (copy: OnnxModel): OnnxModel => {
    for (const tensor of copy.graph.initializer) tensor.rawData = new Uint8Array(tensor.rawData!.length);
    return copy;
  };
  await distill(teacher, spoil, { inputs }, { trainer, epochs: 1 });
  expect(Buffer.from(teacher.toBytes()).equals(bytes)).toBe(true);
  const none = (() => ({ report: {} })) as never;
  await expect(distill(teacher, none, { inputs }, { trainer, epochs: 1 })).rejects.toMatchObject({
    code: 'ERR_TRT_ARG_TYPE',
    message: expect.stringContaining('an OnnxModel, or an object with one as model'),
  });
});

test("criterion 'taylor' removes what the loss does not miss, and layers are fitted as by others", async () => {
  const { inputs } = trainingData(128);
  const source = networkPath('mlp');
  const { model, report } = await pruneChannels(source, {
    ratio: 0.3,
    sensitivity: lossSensitivity({ inputs }, { trainer, seed: 1 }),
    calibration: calibrationFeeds('digits'),
    runner,
    numerics: await nativeNumerics(),
  });
  expect(report.criterion).toBe('taylor');
  expect(report.fitted.length).toBeGreaterThan(0);
  expect(report.channels.after / report.channels.before).toBeLessThan(0.72);
  const before = await accuracyOf(source, 'digits', 'validation');
  expect(await accuracyOf(model.toBytes(), 'digits', 'validation')).toBeGreaterThan(before - 0.03);
  // The same seed draws the same answers.
  const again = await pruneChannels(source, {
    ratio: 0.3,
    sensitivity: lossSensitivity({ inputs }, { trainer, seed: 1 }),
  });
  const other = await pruneChannels(source, {
    ratio: 0.3,
    sensitivity: lossSensitivity({ inputs }, { trainer, seed: 1 }),
  });
  expect(Buffer.from(again.model.toBytes()).equals(Buffer.from(other.model.toBytes()))).toBe(true);
});

test.each([
  [
    'data without an input',
    { inputs: { other: { data: new Float32Array(64), dims: [1, 64] } } },
    'ERR_TRT_ARG_VALUE',
    /input "input"/,
  ],
  [
    'NaN in the data',
    {
      inputs: { input: { data: new Float32Array(8 * 64).fill(NaN), dims: [8, 1, 8, 8] } },
      labels: { data: new Int32Array(8), dims: [8] },
    },
    'ERR_TRT_COMPRESS_DIVERGED',
    /loss that channels are judged by is NaN/,
  ],
])("criterion 'taylor' refuses %s", async (_, data, code, message) => {
  const failed = pruneChannels(networkPath('mlp'), {
    ratio: 0.3,
    sensitivity: lossSensitivity(data, { trainer }),
  });
  await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});
