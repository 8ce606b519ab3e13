// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { extractModel } from '../../../../lib/onnx/extract/extract-model';
import { loadModel, type OnnxModel } from '../../../../lib/onnx/graph/onnx-model';
import { readModelInfo } from '../../../../lib/onnx';
import { makeModel } from '../../../onnx-builder';
import { branchModel, convModel, externalModel } from '../../../onnx-models';

const names = (list: readonly { name?: string }[]) => list.map(({ name }) => name);
const refusal = (model: OnnxModel, options: Parameters<typeof extractModel>[1]) => () =>
  extractModel(model, options);

describe('a part of a model', () => {
  it('has the nodes and initializers between its inputs and outputs, and no others', async () => {
    const model = await loadModel(convModel());
    const before = model.toBytes();
    const part = extractModel(model, { inputs: ['r1'], outputs: ['f'] });
    expect(names(part.graph.node)).toEqual(['conv2', 'pool', 'flatten']);
    expect(names(part.graph.initializer)).toEqual(['w2']);
    expect(model.toBytes()).toEqual(before);
    const { inputs, outputs } = await readModelInfo(part.toBytes());
    expect(inputs).toMatchObject([{ name: 'r1', type: 'float32', dims: [1, 8, 8, 8] }]);
    expect(outputs).toMatchObject([{ name: 'f', type: 'float32', dims: [1, 16] }]);
  });

  it('begins at the inputs of the model that it needs if none are named', async () => {
    const part = extractModel(await loadModel(branchModel()), { outputs: ['y'] });
    expect(names(part.graph.input)).toEqual(['x', 'flag']);
    const front = extractModel(await loadModel(convModel()), { outputs: ['r1', 'c1'] });
    expect([names(front.graph.input), names(front.graph.output)]).toEqual([['images'], ['r1', 'c1']]);
    expect(names(front.graph.node)).toEqual(['conv1', 'relu1']);
  });

  it('takes an initializer as an input, and keeps an input that nobody reads', async () => {
    const model = await loadModel(convModel());
    const part = extractModel(model, { inputs: ['images', 'w1', 'w3'], outputs: ['c1'] });
    expect(names(part.graph.initializer)).toEqual(['b1']);
    expect(part.graph.input[1]).toMatchObject({ name: 'w1', type: { tensorType: { elemType: 1 } } });
    expect(names(part.graph.input)).toEqual(['images', 'w1', 'w3']);
  });

  it('may be the whole model', async () => {
    const model = await loadModel(convModel('batch'));
    const whole = extractModel(model, { inputs: ['images'], outputs: ['logits'] });
    expect(whole.toBytes()).toEqual(model.toBytes());
  });

  it('needs what the graphs inside its nodes read', async () => {
    const model = await loadModel(branchModel());
    expect(refusal(model, { inputs: ['flag'], outputs: ['y'] })).toThrow(
      /depend on "x", which node "choice" reads and which is not among the inputs/,
    );
  });

  it('shares weights in files', async () => {
    const externalData = { 'weights.bin': new Uint8Array(64) };
    const model = await loadModel(externalModel(), { externalData });
    const part = extractModel(model, { outputs: ['y'] });
    expect(part.hasExternalData).toBe(true);
    expect(part.graph.initializer[0]!.rawData).toBe(model.graph.initializer[0]!.rawData);
  });

  it('declares types that it is given, and refuses an input whose type nobody knows', async () => {
    const bytes = makeModel({
      opset: { '': 17, vendor: 1 },
      inputs: [{ name: 'x', dims: [2] }],
      outputs: [{ name: 'z', dims: [2] }],
      nodes: [
        { op: 'Secret', domain: 'vendor', inputs: ['x'], outputs: ['hidden'] },
        { op: 'Relu', inputs: ['hidden'], outputs: ['z'] },
      ],
    });
    const model = await loadModel(bytes);
    const options = { inputs: ['hidden'], outputs: ['z'] };
    expect(refusal(model, options)).toThrow(/The type of "hidden" is not known/);
    const types = { typeOf: () => ({ elemType: 10, dims: [2, 'n', undefined] as const }) };
    const { inputs } = await readModelInfo(extractModel(model, { ...options, types }).toBytes());
    expect(inputs).toMatchObject([{ name: 'hidden', type: 'float16', dims: [2, 'n', -1] }]);
  });

  it('is refused with the names that are wrong', async () => {
    const model = await loadModel(convModel());
    const code = expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' });
    expect(refusal(model, { outputs: ['logit'] })).toThrow(/no tensor "logit"\. Did you mean "logits"\?/);
    expect(refusal(model, { inputs: ['image'], outputs: ['c1'] })).toThrow(/Did you mean "images"\?/);
    expect(refusal(model, { inputs: ['r1'], outputs: ['c1'] })).toThrow(
      /depend on "images", which node "conv1"/,
    );
    expect(refusal(model, { outputs: [] })).toThrow(/none was named/);
    expect(refusal(model, { outputs: ['images'] })).toThrow(/"images" is given and not computed/);
    expect(refusal(model, { inputs: ['c1'], outputs: ['c1'] })).toThrow(code);
    expect(refusal(model, { outputs: ['c1', 'c1'] })).toThrow(/"c1" is named twice/);
    expect(refusal(model, { outputs: [''] })).toThrow(code);
  });
});
