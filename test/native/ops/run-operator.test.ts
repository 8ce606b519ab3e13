// SPDX-License-Identifier: Apache-2.0
// How any operator runs on the CPU: threads, memory, signals. What each one computes is tested with it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import { runOperator, type OperatorCall } from '../../../lib/ops/run-operator';
import type { Tensor, TensorData } from '../../../lib/runtime/tensor';

/** Twice as many, rounded to int32. */
function convertCall(data: TensorData, type: 'int32' | 'float32' = 'int32'): OperatorCall {
  const dims = [data.length];
  return {
    operator: 'convert',
    attributes: { scaled: true, scale: 2, zeroPoint: 0 },
    inputs: [{ data, dims }],
    outputs: [{ type, dims }],
  };
}

const LARGE = 4_000_000;
const numbers = (count: number, first = 0): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => index + first);

async function run(call: OperatorCall, options = {}): Promise<TensorData> {
  const [result] = await runOperator(call, options);
  return (result as Tensor<TensorData>).data;
}

const detach = (array: ArrayBufferView): void =>
  void structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });

describe('an operator on the CPU', () => {
  it('gives small and large results in arrays of their own', async () => {
    for (const count of [0, 1, 5, 1025, 100_003]) {
      const result = await run(convertCall(numbers(count)));
      expect(result).toBeInstanceOf(Int32Array);
      expect(result).toHaveLength(count);
      expect(result.every((value, index) => value === 2 * index)).toBe(true);
      (result as Int32Array).fill(7);
      expect((await run(convertCall(numbers(count)))).every((value, index) => value === 2 * index)).toBe(
        true,
      );
    }
  });

  it('leaves the event loop alone while it works', async () => {
    const data = numbers(LARGE);
    let hasEnded = false;
    const running = run(convertCall(data), { threads: 1 }).finally(() => (hasEnded = true));
    // The call has returned, and the loop turns before it has ended.
    await nextTurn();
    const endedInFirstTurn = hasEnded;
    await running;
    expect(endedInFirstTurn).toBe(false);
  });

  it('gives the same result with any number of threads', async () => {
    const data = numbers(200_001);
    const results = await Promise.all([1, 2, 3, 256].map((threads) => run(convertCall(data), { threads })));
    for (const result of results) expect(Buffer.compare(bytes(result), bytes(results[0]!))).toBe(0);
  });

  it('runs hundreds of calls at once', async () => {
    const calls = Array.from({ length: 300 }, (_, first) => run(convertCall(numbers(50, first))));
    const results = await Promise.all(calls);
    results.forEach((result, first) => expect(result[49]).toBe(2 * (first + 49)));
  });

  it('reads and writes shared memory, and arrays that begin inside a buffer', async () => {
    const from = new Float32Array(new SharedArrayBuffer(64), 8, 4).fill(3);
    const into = new Int32Array(new SharedArrayBuffer(64), 12, 4);
    expect(await run(convertCall(from), { out: into })).toBe(into);
    expect([...into]).toEqual([6, 6, 6, 6]);
  });
});

describe('`out`', () => {
  it('is written in place, as an array or a tensor', async () => {
    const out = new Int32Array(4);
    const [result] = await runOperator(convertCall(numbers(4)), { out });
    expect(result).toMatchObject({ type: 'int32', dims: [4] });
    expect((result as Tensor).data).toBe(out);
    expect([...out]).toEqual([0, 2, 4, 6]);
    expect(await run(convertCall(numbers(4, 1)), { out: { data: out, dims: [4] } })).toBe(out);
    expect(await run(convertCall(numbers(4, 1)), { out: [undefined] })).not.toBe(out);
    expect([...out]).toEqual([2, 4, 6, 8]);
  });

  it('must fit', async () => {
    const call = convertCall(numbers(4));
    const refused = [
      [new Int32Array(5), 'ERR_TRT_ARG_TENSOR'],
      [new Float32Array(4), 'ERR_TRT_ARG_TENSOR'],
      [{ type: 'int32', data: new Int32Array(4), dims: [2, 2] }, 'ERR_TRT_ARG_TENSOR'],
      [[new Int32Array(4), new Int32Array(4)], 'ERR_TRT_ARG_VALUE'],
    ] as const;
    for (const [out, code] of refused)
      await expect(runOperator(call, { out: out as never })).rejects.toMatchObject({ code });
  });

  it('may not share bytes with an input', async () => {
    const buffer = new ArrayBuffer(64);
    const call = convertCall(new Float32Array(buffer, 0, 8).fill(1));
    await expect(runOperator(call, { out: new Int32Array(buffer, 28, 8) })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
    expect([...(await run(call, { out: new Int32Array(buffer, 32, 8) }))]).toEqual(Array(8).fill(2));
  });
});

describe('memory that went away', () => {
  it('before the call is refused', async () => {
    const data = numbers(4);
    detach(data);
    const call = { ...convertCall(numbers(4)), inputs: [{ data, dims: [4] }] };
    await expect(runOperator(call)).rejects.toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    const out = new Int32Array(4);
    detach(out);
    await expect(runOperator(convertCall(numbers(4)), { out })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_TENSOR',
      message: expect.stringMatching(/transferred/) as string,
    });
  });

  it('during the call is told where it was for the result', async () => {
    const out = new Int32Array(1000);
    const running = runOperator(convertCall(numbers(1000)), { out });
    detach(out);
    await expect(running).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_CLOSED',
      message: expect.stringMatching(/`out` went away/) as string,
    });
  });
});

describe('a signal', () => {
  it('withdraws what has not begun, and nothing else', async () => {
    const data = numbers(LARGE);
    const busy = Array.from({ length: 64 }, () => run(convertCall(data), { threads: 1 }));
    const controller = new AbortController();
    const waiting = run(convertCall(data), { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
      cause: { message: 'enough' },
    });
    expect((await Promise.all(busy)).every((result) => result[9] === 18)).toBe(true);
    await expect(run(convertCall(data), { signal: controller.signal })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_ABORTED',
    });
  });

  it('that fires after the end does nothing', async () => {
    const controller = new AbortController();
    const result = await run(convertCall(numbers(3)), { signal: controller.signal });
    controller.abort();
    expect([...result]).toEqual([0, 2, 4]);
  });
});

describe('bad options', () => {
  it('are refused with their name', async () => {
    const call = convertCall(numbers(4));
    const refused = [
      [{ threads: 0 }, 'ERR_TRT_ARG_VALUE'],
      [{ threads: '2' }, 'ERR_TRT_ARG_TYPE'],
      [{ signal: {} }, 'ERR_TRT_ARG_TYPE'],
    ] as const;
    for (const [options, code] of refused)
      await expect(runOperator(call, options as never)).rejects.toMatchObject({ code });
    await expect(runOperator({ ...call, operator: 'nothing' })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_FAILED',
      message: expect.stringMatching(/nothing/) as string,
    });
  });

  it('and so are tensors whose parts do not fit', async () => {
    const call = convertCall(numbers(4));
    const refused = [
      [numbers(4), 'ERR_TRT_ARG_TYPE'],
      [null, 'ERR_TRT_ARG_TYPE'],
      [{ data: [1, 2, 3, 4], dims: [4] }, 'ERR_TRT_ARG_TENSOR'],
      [{ data: numbers(4), dims: [5] }, 'ERR_TRT_ARG_TENSOR'],
      [{ data: numbers(4), dims: [-4] }, 'ERR_TRT_ARG_TENSOR'],
      [{ data: numbers(4), dims: [4], type: 'int32' }, 'ERR_TRT_ARG_TENSOR'],
      [{ data: numbers(4), dims: [4], type: 'string' }, 'ERR_TRT_ARG_TENSOR'],
    ] as const;
    for (const [input, code] of refused)
      await expect(runOperator({ ...call, inputs: [input as never] })).rejects.toMatchObject({ code });
  });
});

function bytes(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
