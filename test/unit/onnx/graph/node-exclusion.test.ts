// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { checkExclusion, excludedBy, type NodeExclusion } from '../../../../lib/onnx/graph/node-exclusion';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { convModel } from '../../../onnx-models';
import { loopModel } from '../../../precision-models';

async function excluded(exclude: NodeExclusion): Promise<(string | undefined)[]> {
  const { graph } = await loadModel(convModel());
  return graph.node.filter((node) => excludedBy(exclude, node) !== null).map(({ name }) => name);
}

describe('an exclusion', () => {
  it('goes by name, operator and pattern', async () => {
    expect(await excluded({ names: ['fc'] })).toEqual(['fc']);
    expect(await excluded({ ops: ['Conv'] })).toEqual(['conv1', 'conv2']);
    expect(await excluded({ patterns: ['*2'] })).toEqual(['conv2']);
    expect(await excluded({ patterns: ['conv'] })).toEqual([]);
    expect(await excluded({ patterns: [/onv/g] })).toEqual(['conv1', 'conv2']);
    expect(await excluded({ patterns: ['c.*'] })).toEqual([]);
    expect(await excluded({})).toEqual([]);
  });

  it('is accepted where all of it is in the graph, bodies of loops too', async () => {
    const { graph } = await loadModel(convModel());
    const exclude = { names: ['fc'], ops: ['Conv'], patterns: ['conv*', /^fc$/] };
    expect(() => checkExclusion(exclude, graph)).not.toThrow();
    const loop = await loadModel(loopModel());
    expect(() => checkExclusion({ names: ['step'] }, loop.graph)).not.toThrow();
  });

  it.each([
    [{ names: ['conv_1'] }, 'the node "conv_1", which the model does not have. Did you mean "conv1"?'],
    [{ ops: ['conv'] }, 'the operator "conv", which the model does not have. Did you mean "Conv"?'],
    [
      { patterns: ['*attention*'] },
      'the node whose name matches "*attention*", which the model does not have.',
    ],
    [{ patterns: [/^q/] }, 'the node whose name matches "/^q/", which the model does not have.'],
  ] as [NodeExclusion, string][])(
    'is refused where it names what is not there: %j',
    async (exclude, text) => {
      const { graph } = await loadModel(convModel());
      const refused = { code: 'ERR_TRT_QUANT_EXCLUDE', message: `The exclusion names ${text}` };
      expect(() => checkExclusion(exclude, graph)).toThrow(expect.objectContaining(refused));
    },
  );
});
