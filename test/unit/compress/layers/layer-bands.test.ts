// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { bandsOf } from '../../../../lib/compress/layers/layer-bands';
import { readMatrix, writeMatrices } from '../../../../lib/compress/layers/layer-matrix';
import { findLayers } from '../../../../lib/compress/layers/weight-layer';
import { splitLayer } from '../../../../lib/compress/reconstruct/compress-in-order';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { readFloats } from '../../../../lib/onnx/graph/tensor-values';
import { makeModel } from '../../../onnx-builder';

/** A convolution [6, 10, 3, 1]. */
async function convolution() {
  const data = Array.from({ length: 180 }, (_, at) => at);
  const model = await loadModel(
    makeModel({
      inputs: [{ name: 'x', dims: [1, 10, 5, 5] }],
      outputs: [{ name: 'y' }],
      nodes: [{ op: 'Conv', name: 'y', inputs: ['x', 'w'], outputs: ['y'] }],
      initializers: [{ name: 'w', dims: [6, 10, 3, 1], data }],
    }),
  );
  const [layer] = findLayers(model.graph).layers;
  return { graph: model.graph, layer: layer! };
}

describe('bands of a layer', () => {
  it('cover its channels in even widths, all but the last a multiple', async () => {
    const { layer } = await convolution();
    const widths = (most: number, multipleOf: number) =>
      bandsOf(layer, { most, multipleOf }).map(({ view }) => view.channels);
    expect(widths(4, 1)).toEqual([4, 4, 2]);
    expect(widths(9, 1)).toEqual([5, 5]);
    expect(widths(5, 4)).toEqual([4, 4, 2]);
    expect(widths(1, 4)).toEqual([4, 4, 2]);
    expect(widths(100, 1)).toEqual([10]);
  });

  it('read and write their own weights alone', async () => {
    const { graph, layer } = await convolution();
    const [, second] = bandsOf(layer, { most: 4, multipleOf: 4 });
    const matrix = readMatrix(layer.weight, second!.view);
    expect([...matrix.subarray(0, 6)]).toEqual([12, 13, 14, 15, 16, 17]);
    writeMatrices(graph, second!, [matrix.map((value) => -value)]);
    const values = readFloats(graph.initializer[0]!);
    const changed = [...values.entries()].filter(([at, value]) => value !== at).map(([at]) => at);
    expect(changed).toHaveLength(6 * 4 * 3);
    expect(changed.every((at) => at % 30 >= 12 && at % 30 < 24)).toBe(true);
  });

  it('are made where sums would take more, not of groups', async () => {
    const { layer } = await convolution();
    expect(splitLayer(layer, { most: 1e6 })).toEqual([layer]);
    const parts = splitLayer(layer, { most: 3000 });
    expect(parts.map(({ view }) => view.channels)).toEqual([4, 4, 2]);
    const grouped = { ...layer, view: { ...layer.view, groups: 2 } };
    expect(splitLayer(grouped, { most: 3000 })).toEqual([grouped]);
  });
});
