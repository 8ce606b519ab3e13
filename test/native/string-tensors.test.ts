// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { createSession } from '../../lib/session/create-session';
import { makeModel } from '../onnx-builder';
import { identityModel } from '../onnx-models';

const TEXTS = ['', 'plain', 'a\0b', 'Grüße', '漢字', '😀', 'long '.repeat(5000), '', '\n'];

const open = (model: Uint8Array) => createSession(model, { device: 'cpu' });

describe('string tensors', () => {
  it('come back as they were given, with any content', async () => {
    await using session = await open(identityModel(['n'], 'STRING'));
    expect([session.inputs[0]!.type, session.outputs[0]!.type]).toEqual(['string', 'string']);
    const { y } = await session.run<{ y: string[] }>({
      x: { type: 'string', data: TEXTS, dims: [TEXTS.length] },
    });
    expect([y.type, y.dims, y.data]).toEqual(['string', [TEXTS.length], TEXTS]);
    expect(session.runSync({ x: TEXTS }).y!.data).toEqual(TEXTS);
    // What came out goes in again.
    expect((await session.run({ x: y })).y!.data).toEqual(TEXTS);
  });

  it('have U+FFFD where half a surrogate pair was', async () => {
    await using session = await open(identityModel([2], 'STRING'));
    expect((await session.run({ x: ['\ud800', 'a\udfffb'] })).y!.data).toEqual(['\ufffd', 'a\ufffdb']);
  });

  it('may be scalars, empty, or of many dimensions', async () => {
    await using scalar = await open(identityModel([], 'STRING'));
    expect((await scalar.run({ x: ['one'] })).y).toMatchObject({ dims: [], data: ['one'] });
    await using session = await open(identityModel(['a', 'b'], 'STRING'));
    const empty = { data: [], dims: [0, 3] };
    expect((await session.run({ x: empty })).y).toMatchObject({ dims: [0, 3], data: [] });
    const six = { data: ['1', '2', '3', '4', '5', '6'], dims: [2, 3] };
    expect(session.runSync({ x: six }).y).toMatchObject({ type: 'string', ...six });
  });

  it('are copied before run() returns', async () => {
    await using session = await open(identityModel([2], 'STRING'));
    const x = ['a', 'b'];
    const running = session.run({ x });
    x[0] = 'changed';
    expect((await running).y!.data).toEqual(['a', 'b']);
  });

  it('stand beside numbers', async () => {
    const model = makeModel({
      inputs: [
        { name: 'words', type: 'STRING', dims: ['n'] },
        { name: 'indices', type: 'INT64', dims: ['k'] },
      ],
      outputs: [
        { name: 'picked', type: 'STRING', dims: ['k'] },
        { name: 'count', type: 'INT64', dims: [1] },
      ],
      nodes: [
        { op: 'Gather', inputs: ['words', 'indices'], outputs: ['picked'] },
        { op: 'Shape', inputs: ['words'], outputs: ['count'] },
      ],
    });
    await using session = await open(model);
    const feeds = { words: ['null', 'eins', 'zwei'], indices: BigInt64Array.of(2n, 0n) };
    const { picked, count } = await session.run(feeds);
    expect([picked!.data, count!.data]).toEqual([['zwei', 'null'], BigInt64Array.of(3n)]);
    expect(Object.keys(await session.run(feeds, { outputs: ['picked'] }))).toEqual(['picked']);
  });

  it('become numbers and numbers become strings where the model says so', async () => {
    const cast = (from: 'STRING' | 'FLOAT', to: 'STRING' | 'FLOAT') =>
      makeModel({
        inputs: [{ name: 'x', type: from, dims: [2] }],
        outputs: [{ name: 'y', type: to, dims: [2] }],
        nodes: [{ op: 'Cast', inputs: ['x'], outputs: ['y'], attributes: { to: to === 'STRING' ? 8 : 1 } }],
      });
    await using parse = await open(cast('STRING', 'FLOAT'));
    expect((await parse.run({ x: ['1.5', '-2'] })).y!.data).toEqual(Float32Array.of(1.5, -2));
    await using print = await open(cast('FLOAT', 'STRING'));
    expect((await print.run({ x: Float32Array.of(1.5, -2) })).y!.data).toEqual(['1.5', '-2']);
  });

  it('that fit the model alone are taken', async () => {
    await using session = await open(identityModel([2], 'STRING'));
    const refusal = async (x: unknown) =>
      session.run({ x } as never).then(
        () => 'taken',
        (error: unknown) => (error as { code: string }).code,
      );
    expect(await refusal(['a'])).toBe('ERR_TRT_RUN_INPUT_SIZE');
    expect(await refusal(['a', 5])).toBe('ERR_TRT_RUN_INPUT_TYPE');
    expect(await refusal(new Array<string>(2))).toBe('ERR_TRT_RUN_INPUT_TYPE');
    expect(await refusal(new Uint8Array(2))).toBe('ERR_TRT_RUN_INPUT_TYPE');
    expect(await refusal('ab')).toBe('ERR_TRT_RUN_INPUT_TYPE');
    expect(await refusal({ data: ['a', 'b'], dims: [1, 2] })).toBe('ERR_TRT_RUN_INPUT_SHAPE');
    expect(await refusal({ type: 'float32', data: ['a', 'b'] })).toBe('ERR_TRT_RUN_INPUT_TYPE');
    await using numbers = await open(identityModel([2]));
    await expect(numbers.run({ x: ['a', 'b'] })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_TYPE',
      message: 'Expected Float32Array for input "x" (float32), got an array.',
    });
  });

  it('cannot be bound', async () => {
    await using session = await open(identityModel([2], 'STRING'));
    await expect(session.createBinding()).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_UNSUPPORTED',
      message: expect.stringContaining('Input "x" is a string tensor') as string,
    });
  });
});
