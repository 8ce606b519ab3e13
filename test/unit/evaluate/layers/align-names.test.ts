// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { alignNames } from '../../../../lib/evaluate/layers/align-names';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { castModel } from '../../../../lib/onnx/passes/cast-model';
import { residualModel } from '../../../precision-models';

describe('alignNames', () => {
  it('gives tensors of a cast model the names of the source, and leaves outputs alone', async () => {
    const source = await loadModel(residualModel());
    const cast = await loadModel(residualModel());
    castModel(cast, { to: 'fp16' });
    const before = JSON.stringify(cast.graph.node.map(({ output }) => output));
    const aligned = alignNames(source, cast);
    const made = new Set(aligned.graph.node.flatMap(({ output }) => output));
    for (const node of source.graph.node) for (const tensor of node.output) expect(made).toContain(tensor);
    expect(aligned.graph.output.map(({ name }) => name)).toEqual(['logits']);
    expect(JSON.stringify(cast.graph.node.map(({ output }) => output))).toBe(before);
  });

  it('returns a model whose names fit already as it is', async () => {
    const model = await loadModel(residualModel());
    expect(alignNames(model, model)).toBe(model);
  });
});
