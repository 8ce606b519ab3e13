// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { exposeTensors } from '../../../../lib/onnx/extract/expose-tensors';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { makeModel } from '../../../onnx-builder';
import { branchModel, convModel } from '../../../onnx-models';

describe('inner tensors as outputs', () => {
  it('have their own names where a node makes them', async () => {
    const model = await loadModel(convModel());
    const { model: seen, outputs } = exposeTensors(model, ['c1', 'r1', 'c1']);
    expect([...outputs]).toEqual([
      ['c1', 'c1'],
      ['r1', 'r1'],
    ]);
    expect(seen.graph.output.map(({ name }) => name).slice(-2)).toEqual(['c1', 'r1']);
    expect(seen.graph.node).toHaveLength(model.graph.node.length);
  });

  it('come through an Identity where no node makes them', async () => {
    const { model: seen, outputs } = exposeTensors(await loadModel(convModel()), ['images', 'w1']);
    expect([...outputs.values()]).toEqual(['images_seen', 'w1_seen']);
    const added = seen.graph.node.slice(-2).map(({ opType, input, output }) => [opType, ...input, ...output]);
    expect(added).toEqual([
      ['Identity', 'images', 'images_seen'],
      ['Identity', 'w1', 'w1_seen'],
    ]);
  });

  it('keep what is declared of them, which is then declared once', async () => {
    const bytes = makeModel({
      inputs: [{ name: 'x', dims: [2] }],
      outputs: [{ name: 'z' }],
      valueInfo: [{ name: 'y', type: 'FLOAT', dims: [2] }],
      nodes: [
        { op: 'Relu', inputs: ['x'], outputs: ['y'] },
        { op: 'Relu', inputs: ['y'], outputs: ['z'] },
      ],
    });
    const { model } = exposeTensors(await loadModel(bytes), ['y']);
    expect(model.graph.valueInfo).toEqual([]);
    expect(model.graph.output[1]!.type!.tensorType!.shape!.dim).toEqual([{ dimValue: 2 }]);
  });

  it('leave outputs and the original model as they are', async () => {
    const model = await loadModel(convModel());
    const before = model.toBytes();
    const output = model.graph.output[0]!.name;
    expect([...exposeTensors(model, [output]).outputs]).toEqual([[output, output]]);
    exposeTensors(model, ['c1']);
    expect(model.toBytes()).toEqual(before);
  });

  it('are named with their neighbour if they are not there', async () => {
    const model = await loadModel(convModel());
    const wrong = (name: string) => () => exposeTensors(model, [name]);
    expect(wrong('imges')).toThrow(/no tensor "imges"\. Did you mean "images"\?/);
    expect(wrong('')).toThrow(expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' }));
    const branches = await loadModel(branchModel());
    const inside = branches.graph.node.flatMap(({ attribute }) =>
      attribute.flatMap(({ g }) => g?.node[0]?.output ?? []),
    );
    expect(() => exposeTensors(branches, [inside[0]!])).toThrow(/main graph of the model has no tensor/);
  });
});
