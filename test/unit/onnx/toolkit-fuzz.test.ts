// SPDX-License-Identifier: Apache-2.0
// A sample of what `node scripts/fuzz.mjs --toolkit 5000` runs in full.
import { describe, expect, it } from 'vitest';
import { loadModel, raiseOpset, simplifyModel, castModel, printModel } from '../../../lib/onnx';
import { MODEL_SCHEMA } from '../../../lib/onnx/graph/onnx-messages';
import { decodeMessage } from '../../../lib/onnx/graph/wire-message';
import { runToolkitCases, tryToolkit } from '../../fuzz/toolkit-cases';
import { extremeModels } from '../../fuzz/toolkit-extremes';
import { toolkitSeeds } from '../../fuzz/seeds';
import { makeModel } from '../../onnx-builder';

const X = { name: 'x', dims: [2, 2] };
const Y = { name: 'y', dims: [2, 2] };

describe('the graph toolkit on damaged models', () => {
  it('does its work or says why not, for 80 models', { timeout: 120_000 }, async () => {
    const run = { seeds: toolkitSeeds(), runSeed: 1, firstCase: 0, cases: 80 };
    const { failures, outcomes } = await runToolkitCases(run);
    expect(failures).toEqual([]);
    // Damage that no model survives would try nothing.
    expect(outcomes['simplify ok']).toBeGreaterThan(10);
  });
});

describe('the graph toolkit on models that ask for much', () => {
  it.each(extremeModels(500))('holds out: $name', { timeout: 60_000 }, async ({ bytes }) => {
    expect(await tryToolkit(bytes, () => undefined)).toEqual([]);
  });
});

describe('a model whose nodes are not in order', () => {
  const unsorted = makeModel({
    inputs: [X],
    outputs: [Y],
    nodes: [
      { op: 'Exp', inputs: ['a'], outputs: ['y'] },
      { op: 'Relu', inputs: ['x'], outputs: ['a'] },
    ],
  });

  it('is sorted before it is simplified, so that nothing goes that is needed', async () => {
    const model = await loadModel(unsorted);
    simplifyModel(model);
    expect(model.graph.node.map(({ opType }) => opType)).toEqual(['Relu', 'Exp']);
  });

  it('is sorted before it is cast', async () => {
    const model = await loadModel(unsorted);
    castModel(model, { to: 'fp16' });
    expect(model.graph.node.map(({ opType }) => opType)).toEqual(['Cast', 'Relu', 'Cast', 'Exp']);
  });
});

it.each(['simplifyModel', 'castModel'] as const)('%s refuses a circle and names its nodes', async (pass) => {
  const bytes = makeModel({
    inputs: [X],
    outputs: [Y],
    nodes: [
      { op: 'Add', name: 'one', inputs: ['x', 'b'], outputs: ['a'] },
      { op: 'Relu', name: 'two', inputs: ['a'], outputs: ['b'] },
      { op: 'Exp', name: 'three', inputs: ['b'], outputs: ['y'] },
    ],
  });
  const model = await loadModel(bytes);
  const run = () => (pass === 'simplifyModel' ? simplifyModel(model) : castModel(model, { to: 'fp16' }));
  expect(run).toThrow(expect.objectContaining({ code: 'ERR_TRT_ONNX_INVALID' }));
  expect(run).toThrow(/"one".*"two"/);
});

it('raises an opset to one before IR version 4', async () => {
  const model = await loadModel(
    makeModel({
      inputs: [X],
      outputs: [Y],
      opset: { '': 7 },
      nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
    }),
  );
  expect(raiseOpset(model, 8)).toBeUndefined();
  expect(model.opset).toBe(8);
});

it('keeps the largest size that a message holds', async () => {
  const model = await loadModel(
    makeModel({ inputs: [X], outputs: [Y], nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }] }),
  );
  model.graph.input[0]!.type!.tensorType!.shape!.dim[0]!.dimValue = Number(2n ** 63n - 1n);
  const written = decodeMessage(MODEL_SCHEMA, model.toBytes()) as typeof model.message;
  expect(written.graph.input[0]!.type!.tensorType!.shape!.dim[0]!.dimValue).toBe(2 ** 63);
});

it('prints a constant of complex numbers without its values', async () => {
  const model = await loadModel(
    makeModel({
      inputs: [X],
      outputs: [Y],
      initializers: [{ name: 'w', dims: [2], data: new Float32Array(2) }],
      nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
    }),
  );
  Object.assign(model.graph.initializer[0]!, { dataType: 14, dims: [1] });
  expect(await printModel(model)).toContain('constant w: complex64 [1], 8 bytes');
});
