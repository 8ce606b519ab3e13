// SPDX-License-Identifier: Apache-2.0
// Layers whose sums over the data would take too much memory are compressed in bands of their inputs, one after the other:
// the later ones make up for what the earlier ones lost, and the report is of the whole layer.
import { describe, expect, it } from 'vitest';
import { cluster, prune } from '../../lib/compress';
import { splitLayer, bytesTogether } from '../../lib/compress/reconstruct/compress-in-order';
import { findLayers } from '../../lib/compress/layers/weight-layer';
import { nativeNumerics, sessionRunner } from '../../lib/index';
import { loadModel, type OnnxModel } from '../../lib/onnx/graph/onnx-model';
import { readFloats } from '../../lib/onnx/graph/tensor-values';
import { createUniform } from '../../lib/random';
import { makeModel } from '../onnx-builder';

const [INPUTS, OUTPUTS, SAMPLES] = [768, 384, 1024];

function model(): Uint8Array {
  const uniform = createUniform(1);
  const data = Array.from({ length: INPUTS * OUTPUTS }, () => (uniform() - 0.5) / 16);
  return makeModel({
    inputs: [{ name: 'x', dims: ['batch', INPUTS] }],
    outputs: [{ name: 'y', dims: ['batch', OUTPUTS] }],
    nodes: [{ op: 'Gemm', name: 'y', inputs: ['x', 'w', 'b'], outputs: ['y'] }],
    initializers: [
      { name: 'w', dims: [INPUTS, OUTPUTS], data },
      { name: 'b', dims: [OUTPUTS], data: Array.from({ length: OUTPUTS }, (_, at) => at / OUTPUTS) },
    ],
  });
}

/** Inputs that come from fewer numbers, so that weights can make up for each other across bands. */
const calibration = (() => {
  const uniform = createUniform(2);
  const factors = Float32Array.from({ length: 96 * INPUTS }, () => uniform() - 0.5);
  return [0, 1, 2, 3].map(() => {
    const x = new Float32Array((SAMPLES / 4) * INPUTS);
    for (let row = 0; row < SAMPLES / 4; row++) {
      for (let k = 0; k < 96; k++) {
        const scale = uniform() - 0.4;
        for (let i = 0; i < INPUTS; i++) x[row * INPUTS + i]! += scale * factors[k * INPUTS + i]!;
      }
      for (let i = 0; i < INPUTS; i++) x[row * INPUTS + i]! += 0.3 * (uniform() - 0.5);
    }
    return { x };
  });
})();

const weightsOf = ({ graph }: OnnxModel) => readFloats(graph.initializer.find(({ name }) => name === 'w')!);
const data = async () => ({ calibration, runner: sessionRunner(), numerics: await nativeNumerics() });

describe('a layer in bands', () => {
  it('is one: its sums are too large', async () => {
    const { layers } = findLayers((await loadModel(model())).graph);
    expect(splitLayer(layers[0]!, { most: bytesTogether(layers) }).length).toBeGreaterThan(1);
  });

  it.each([{ pattern: '2:4' as const, ends: 'prune' as const }, { sparsity: 0.5 }])(
    'is pruned to what was asked for, and later bands make up for earlier ones: %o',
    async (options) => {
      const { model: pruned, report } = await prune(model(), { ...options, ...(await data()) });
      const [layer] = report.changed;
      expect(layer).toMatchObject({ zeros: (INPUTS * OUTPUTS) / 2, share: 0.5 });
      const values = weightsOf(pruned);
      expect(values.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0)).toBe(layer!.zeros);
      const masked = await prune(model(), { ...options, reconstruct: false, ...(await data()) });
      expect(layer!.error!.after).toBeLessThan(0.3 * masked.report.changed[0]!.error!.after);
      expect(report.score!.sqnrDb).toBeGreaterThan(masked.report.score!.sqnrDb + 3);
      // What the report says is what the outputs lose, around their means.
      expect(report.score!.sqnrDb).toBeGreaterThan(-10 * Math.log10(layer!.error!.after) - 1);
    },
  );

  it.each(['tensor', 'channel', { group: 100 }] as const)('shares values: scope %o', async (scope) => {
    const { model: shared, report } = await cluster(model(), { clusters: 16, scope, ...(await data()) });
    const [weight] = report.changed;
    const tables = scope === 'tensor' ? 1 : scope === 'channel' ? OUTPUTS : Math.ceil(OUTPUTS / 100);
    expect(weight).toMatchObject({ tables });
    const values = weightsOf(shared);
    const columns = Array.from({ length: OUTPUTS }, (_, output) =>
      Array.from({ length: INPUTS }, (__, input) => values[input * OUTPUTS + output]!),
    );
    for (const column of columns) expect(new Set(column).size).toBeLessThanOrEqual(16);
    if (scope === 'tensor') expect(new Set(values).size).toBeLessThanOrEqual(16);
    const alone = await cluster(model(), { clusters: 16, scope });
    const { sqnrDb } = report.score!;
    expect(sqnrDb).toBeGreaterThan(20);
    expect(weight!.error).toBeLessThan(alone.report.changed[0]!.error);
  });
});
