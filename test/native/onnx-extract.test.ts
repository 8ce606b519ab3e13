// SPDX-License-Identifier: Apache-2.0
// Rewritten graphs on the CPU runtime, which is the judge of what they compute.
import { describe, expect, it } from 'vitest';

import { createSession, type Feeds } from '../../lib/index';
import { extractModel } from '../../lib/onnx/extract/extract-model';
import { exposeTensors } from '../../lib/onnx/extract/expose-tensors';
import { loadModel } from '../../lib/onnx/graph/onnx-model';
import { makeModel } from '../onnx-builder';
import { convModel } from '../onnx-models';
import { noise } from '../precision-models';

async function run(model: string | Uint8Array, feeds: Feeds) {
  const session = await createSession(model, { device: 'cpu', intraOpNumThreads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

describe('exposed tensors', () => {
  const feeds = { images: noise(64, 1, 3) };

  it('hold what the model computes inside, and leave its outputs as they were', async () => {
    const model = await loadModel(convModel());
    const { model: seen, outputs } = exposeTensors(model, ['c1', 'r1', 'f', 'images', 'b1']);
    const results = await run(seen.toBytes(), feeds);
    const of = (tensor: string) => results[outputs.get(tensor)!]!;
    expect(of('r1').dims).toEqual([1, 8, 8, 8]);
    expect(of('r1').data).toEqual((of('c1').data as Float32Array).map((value) => Math.max(0, value)));
    expect(of('images').data).toEqual(feeds.images);
    expect(of('b1').dims).toEqual([8]);
    expect(results['logits']!.data).toEqual((await run(convModel(), feeds))['logits']!.data);
  });

  it('need no declared type', async () => {
    const bytes = makeModel({
      inputs: [{ name: 'x', dims: [2, 3] }],
      outputs: [{ name: 'z', dims: [2, 3] }],
      nodes: [
        { op: 'IsNaN', inputs: ['x'], outputs: ['unknown_kind'] },
        { op: 'BitShift', inputs: ['bits', 'bits'], outputs: ['shifted'], attributes: { direction: 'LEFT' } },
        { op: 'Relu', inputs: ['x'], outputs: ['z'] },
      ],
      initializers: [{ name: 'bits', type: 'UINT8', dims: [2], data: [1, 2] }],
    });
    const { model } = exposeTensors(await loadModel(bytes), ['unknown_kind', 'shifted']);
    expect(model.graph.output[2]!.type?.tensorType?.shape).toBeUndefined();
    const results = await run(model.toBytes(), { x: noise(6, 1, 1) });
    expect([...(results['shifted']!.data as Uint8Array)]).toEqual([2, 8]);
  });
});

describe('a part of a model', () => {
  it('computes what the model computes there', async () => {
    const model = await loadModel(convModel());
    const images = noise(64, 1, 4);
    const front = await run(extractModel(model, { outputs: ['r1'] }).toBytes(), { images });
    const back = extractModel(model, { inputs: ['r1'], outputs: ['logits'] });
    const results = await run(back.toBytes(), { r1: front['r1']! });
    expect(results['logits']!.data).toEqual((await run(convModel(), { images }))['logits']!.data);
  });
});
