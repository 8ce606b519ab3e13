// SPDX-License-Identifier: Apache-2.0
// No step of compression changes the model it is given, whose weights lie in the memory that its file was read into.
import { expect, test } from 'vitest';
import { cluster } from '../../lib/compress/cluster';
import { factorize } from '../../lib/compress/factorize';
import { prune } from '../../lib/compress/prune';
import { pruneChannels } from '../../lib/compress/prune-channels';
import { quantize } from '../../lib/compress/quantize';
import { nativeNumerics, sessionRunner } from '../../lib/index';
import { loadModel, type OnnxModel } from '../../lib/onnx/graph/onnx-model';
import { calibrationFeeds, networkPath, ON_ONE_THREAD } from '../trained-networks';

const data = { calibration: calibrationFeeds('clusters', 2), runner: sessionRunner(ON_ONE_THREAD) };

test.each<[string, (source: OnnxModel) => Promise<{ model: OnnxModel }>]>([
  ['prune', async (source) => prune(source, { sparsity: 0.5, ...data, numerics: await nativeNumerics() })],
  [
    'pruneChannels',
    async (source) => pruneChannels(source, { ratio: 0.3, ...data, numerics: await nativeNumerics() }),
  ],
  ['cluster', async (source) => cluster(source, { ...data, numerics: await nativeNumerics() })],
  ['factorize', async (source) => factorize(source, { ...data, numerics: await nativeNumerics() })],
  ['quantize', async (source) => quantize(source, data)],
])('%s', async (_, step) => {
  const source = await loadModel(networkPath('mlp'));
  const before = Buffer.from(source.toBytes());
  const { model } = await step(source);
  expect(before.equals(source.toBytes())).toBe(true);
  expect(before.equals(model.toBytes())).toBe(false);
});
