// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { summarizeModel } from '../../../../lib/onnx/print/summarize-model';
import { convModel, dynamicModel, quantizedModel } from '../../../onnx-models';

describe('the summary of a model', () => {
  it('counts operators, parameters and bytes', async () => {
    expect(await summarizeModel(convModel())).toMatchObject({
      opsets: { '': 17 },
      irVersion: 8,
      nodes: 6,
      operators: { Conv: 2, Gemm: 1 },
      parameters: 1402,
      weightBytes: 5608,
      weights: { FLOAT: { tensors: 5, elements: 1402, bytes: 5608 } },
      arithmetic: { FLOAT: 3 },
      dynamicDims: [],
    });
    expect(Object.keys((await summarizeModel(convModel())).operators)[0]).toBe('Conv');
  });

  it('names sizes that are left open, with a symbol or without', async () => {
    expect((await summarizeModel(dynamicModel(['batch', 3, -1, 'width']))).dynamicDims).toEqual([
      'batch',
      'width',
      expect.stringMatching(/\[2\]$/),
    ]);
  });

  it('says what is computed on quantised values', async () => {
    expect((await summarizeModel(quantizedModel())).quantizedArithmetic).toEqual({ INT8: 1 });
  });

  it('is the same of a loaded model, whose large weights are not read for it', async () => {
    const model = await loadModel(convModel());
    const read = () => {
      throw new Error('read');
    };
    const large = model.graph.initializer.find(({ name }) => name === 'w2')!;
    large.rawData = { length: 4608, read };
    expect(await summarizeModel(model)).toEqual(await summarizeModel(convModel()));
  });
});
