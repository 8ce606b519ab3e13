// SPDX-License-Identifier: Apache-2.0
// Tensors of strings, and packed integers, on both packages.
import type { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';

import { makeModel } from '../../onnx-builder';
import { stringModel } from '../../onnx-models';
import { dropIn, failureOf, open, PACKAGES, plainAll, upstream } from './both';

const TEXTS = ['', 'grün 🚲'];

describe.each(PACKAGES)('strings in %s', (_, ort) => {
  it('come out as they went in', async () => {
    const session = await open(ort, stringModel());
    expect(session.inputMetadata).toMatchObject([{ type: 'string', shape: [2] }]);
    const results = await session.run({ x: new ort.Tensor('string', TEXTS, [2]) });
    expect(plainAll(results)).toEqual({ y: { type: 'string', dims: [2], data: TEXTS, location: 'cpu' } });
  });

  it('are not taken for another type', async () => {
    const session = await open(ort, stringModel());
    const failure = await failureOf(session.run({ x: new ort.Tensor('float32', new Float32Array(2), [2]) }));
    expect(failure.message).toContain('Actual: (tensor(float)) , expected: (tensor(string))');
  });
});

describe('strings in the drop-in', () => {
  it('go into a given tensor', async () => {
    const session = await open(dropIn, stringModel());
    const y = new dropIn.Tensor('string', ['a', 'b'], [2]);
    const results = await session.run({ x: new dropIn.Tensor('string', TEXTS, [2]) }, { y });
    expect(results.y).toBe(y);
    expect(y.data).toEqual(TEXTS);
  });

  it('must be strings', async () => {
    const session = await open(dropIn, stringModel());
    const x = { type: 'string', data: ['a', 5], dims: [2], location: 'cpu' } as never;
    await expect(session.run({ x })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_INPUT_TYPE' });
  });
});

describe('packed integers', () => {
  const model = (): Uint8Array =>
    makeModel({
      opset: 21,
      inputs: [{ name: 'x', type: 'INT4', dims: [3] }],
      outputs: [{ name: 'y', type: 'FLOAT', dims: [3] }],
      nodes: [{ op: 'DequantizeLinear', inputs: ['x', 'scale'], outputs: ['y'] }],
      initializers: [{ name: 'scale', type: 'FLOAT', dims: [], data: Float32Array.of(0.5) }],
    });

  it('are read two a byte, the low half first', async () => {
    const session = await open(dropIn, model());
    expect(session.inputMetadata).toMatchObject([{ type: 'int4', shape: [3] }]);
    const x: Tensor = new dropIn.Tensor('int4', Uint8Array.of(0xf1, 0x07), [3]);
    expect(plainAll(await session.run({ x }))).toMatchObject({
      y: { data: Float32Array.of(0.5, -0.5, 3.5) },
    });
  });

  it('are described alike in both', async () => {
    const theirs = await open(upstream, model());
    const ours = await open(dropIn, model());
    expect(ours.inputMetadata).toEqual(theirs.inputMetadata);
  });
});
