// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../../lib/onnx/graph/onnx-model';
import { sortNodes } from '../../../../lib/onnx/graph/sort-nodes';
import { makeModel, type NodeSpec } from '../../../onnx-builder';
import { branchModel, convModel } from '../../../onnx-models';

async function graphOf(edges: Record<string, string[]>) {
  const nodes = Object.entries(edges).map(([output, inputs]): NodeSpec => ({
    op: 'Sum',
    name: `n_${output}`,
    inputs,
    outputs: [output],
  }));
  const outputs = [{ name: Object.keys(edges)[0]! }];
  return (await loadModel(makeModel({ inputs: [{ name: 'x', dims: [2] }], outputs, nodes }))).graph;
}

const order = ({ node }: { node: { output: string[] }[] }) => node.map(({ output }) => output[0]!).join('');

describe('sorting nodes', () => {
  it('leaves a graph in order as it is', async () => {
    const { graph } = await loadModel(convModel());
    const before = [...graph.node];
    expect(sortNodes(graph)).toBe(false);
    expect(graph.node).toEqual(before);
  });

  it('puts each node behind those that it reads and moves no other', async () => {
    const graph = await graphOf({ a: ['x'], e: ['d', 'b'], b: ['a'], d: ['c'], f: ['x'], c: ['a'] });
    expect(sortNodes(graph)).toBe(true);
    expect(order(graph)).toBe('acdbef');
    expect(sortNodes(graph)).toBe(false);
  });

  it('counts what a graph inside a node reads from around it', async () => {
    const { graph } = await loadModel(branchModel());
    const late = await graphOf({ x: ['z'] });
    graph.node.push(...late.node);
    graph.input = graph.input.filter(({ name }) => name !== 'x');
    expect(sortNodes(graph)).toBe(true);
    expect(graph.node.map(({ opType }) => opType)).toEqual(['Sum', 'If']);
  });

  it('sorts the graphs inside nodes too', async () => {
    const { graph } = await loadModel(branchModel());
    const body = graph.node[0]!.attribute[0]!.g!;
    const extra = await graphOf({ Add_w2: ['Add_late'], Add_late: ['x'] });
    body.node.push(...extra.node);
    expect(sortNodes(graph)).toBe(true);
    expect(body.node.map(({ name }) => name)).toEqual(['Add_node', 'n_Add_late', 'n_Add_w2']);
  });

  it('names the nodes of a circle', async () => {
    const graph = await graphOf({ a: ['x'], b: ['a', 'd'], c: ['b'], d: ['c'], e: ['d'] });
    expect(() => sortNodes(graph)).toThrow(/"n_c" → "n_d" → "n_b" → "n_c"/);
    expect(() => sortNodes(graph)).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_ONNX_INVALID', details: { cycle: ['n_c', 'n_d', 'n_b'] } }),
    );
    const self = await graphOf({ a: ['a'] });
    expect(() => sortNodes(self)).toThrow(/"n_a" → "n_a"/);
  });

  it('takes chains of any length', async () => {
    const graph = await graphOf({ a: ['x'] });
    const [first] = graph.node;
    const chain = Array.from({ length: 50_000 }, (_, i) => ({
      ...first!,
      input: [`v${i}`],
      output: [`v${i + 1}`],
    }));
    graph.node = [...chain].reverse();
    expect(sortNodes(graph)).toBe(true);
    expect(graph.node).toEqual(chain);
  });
});
