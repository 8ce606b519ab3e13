// SPDX-License-Identifier: Apache-2.0
// Chains of operators on the CPU.
import { describe, expect, it } from 'vitest';

import { createChain, type ChainOptions, type ChainStep } from '../../../lib/ops/chain';
import { planConvert } from '../../../lib/ops/tensors/convert';
import type { TensorSpec } from '../../../lib/ops/tensor-spec';

const FLOATS = (count: number): TensorSpec => ({ type: 'float32', dims: [count] });

/** A step that doubles and converts. */
const twice = (from: string, to: string, type: 'int32' | 'float32' = 'float32'): ChainStep => ({
  plan: ([x]) => planConvert([x!], { type, scale: 2 }),
  inputs: [from],
  outputs: [to],
});

const three = [twice('x', 'a'), twice('a', 'b'), twice('b', 'y', 'int32')];
const numbers = (count: number, first = 0): Float32Array =>
  Float32Array.from({ length: count }, (_, index) => index + first);

describe('a chain on the CPU', () => {
  it('runs its steps, and knows what it takes and gives', async () => {
    await using chain = await createChain(three, { inputs: { x: FLOATS(1000) } });
    expect(chain).toMatchObject({
      device: 'cpu',
      inputs: { x: { type: 'float32', dims: [1000] } },
      outputs: { y: { type: 'int32', dims: [1000] } },
    });
    const { y } = await chain.run({ x: numbers(1000) });
    expect(y).toMatchObject({ type: 'int32', dims: [1000] });
    expect((y as { data: Int32Array }).data.every((value, index) => value === 8 * index)).toBe(true);
    expect(chain.statistics()).toEqual({
      runs: 1,
      memoryBytes: 2 * 4096,
      cudaGraph: { captures: 0, launches: 0 },
    });
  });

  it('gives values between the steps where they are asked for', async () => {
    await using chain = await createChain(three, { inputs: { x: FLOATS(3) }, outputs: ['b', 'y'] });
    const { b, y } = await chain.run({ x: { data: numbers(3), dims: [3] } });
    expect([(b as { data: unknown }).data, (y as { data: unknown }).data]).toEqual([
      new Float32Array([0, 4, 8]),
      new Int32Array([0, 8, 16]),
    ]);
  });

  it('runs many times at once, each with memory of its own', async () => {
    await using chain = await createChain(three, { inputs: { x: FLOATS(5000) } });
    const runs = Array.from({ length: 50 }, (_, first) => chain.run({ x: numbers(5000, first) }));
    const results = await Promise.all(runs);
    results.forEach(({ y }, first) =>
      expect((y as { data: Int32Array }).data[4999]).toBe(8 * (4999 + first)),
    );
    expect(chain.statistics().runs).toBe(50);
  });

  it('writes where `out` says', async () => {
    await using chain = await createChain(three, { inputs: { x: FLOATS(4) } });
    const out = new Int32Array(4);
    const { y } = await chain.run({ x: numbers(4) }, { out: { y: out } });
    expect((y as { data: unknown }).data).toBe(out);
    expect([...out]).toEqual([0, 8, 16, 24]);
  });

  it('ends its runs before it closes, and refuses others', async () => {
    const chain = await createChain(three, { inputs: { x: FLOATS(100_000) } });
    const runs = Array.from({ length: 10 }, () => chain.run({ x: numbers(100_000) }));
    const closing = chain.close();
    expect(chain.close()).toBe(closing);
    await closing;
    for (const { y } of await Promise.all(runs)) expect((y as { data: Int32Array }).data[1]).toBe(8);
    await expect(chain.run({ x: numbers(100_000) })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    expect(() => chain.statistics()).toThrow(/closed/);
    await chain[Symbol.asyncDispose]();
  });

  it('withdraws a run that waits', async () => {
    // Many steps: a run takes far longer than its call, which copies the input, so that some always wait.
    const long = Array.from({ length: 40 }, (_, step) =>
      twice(step === 0 ? 'x' : `v${step}`, `v${step + 1}`),
    );
    await using chain = await createChain(long, { inputs: { x: FLOATS(200_000) }, threads: 1 });
    const x = numbers(200_000);
    const busy = Array.from({ length: 32 }, () => chain.run({ x }));
    const controller = new AbortController();
    const waiting = chain.run({ x }, { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_TRT_RUN_ABORTED' });
    await Promise.all(busy);
  });
});

describe('a run with the wrong tensors', () => {
  it('is refused with their names', async () => {
    await using chain = await createChain(three, { inputs: { x: FLOATS(4) } });
    const x = numbers(4);
    const refused = [
      [{}, {}, 'ERR_TRT_RUN_INPUT_MISSING'],
      [{ x, z: x }, {}, 'ERR_TRT_RUN_INPUT_NAME'],
      [{ x: numbers(5) }, {}, 'ERR_TRT_ARG_TENSOR'],
      [{ x: new Int32Array(4) }, {}, 'ERR_TRT_ARG_TENSOR'],
      [{ x: { data: x, dims: [2, 2] } }, {}, 'ERR_TRT_ARG_TENSOR'],
      [{ x }, { out: { z: x } }, 'ERR_TRT_RUN_OUTPUT_NAME'],
      [{ x }, { out: { y: new Int32Array(3) } }, 'ERR_TRT_ARG_TENSOR'],
      [{ x }, { out: x }, 'ERR_TRT_ARG_TYPE'],
      [{ x }, { outt: {} }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
      [null, {}, 'ERR_TRT_ARG_TYPE'],
    ] as const;
    for (const [inputs, options, code] of refused)
      await expect(chain.run(inputs as never, options as never)).rejects.toMatchObject({ code });
  });
});

describe('a chain that does not hold together', () => {
  const inputs = { x: FLOATS(4) };
  const refused: readonly (readonly [string, unknown, unknown, string])[] = [
    ['no steps', [], { inputs }, 'ERR_TRT_ARG_TYPE'],
    ['no list of steps', 'steps', { inputs }, 'ERR_TRT_ARG_TYPE'],
    ['a step without a plan', [{ inputs: ['x'], outputs: ['y'] }], { inputs }, 'ERR_TRT_ARG_VALUE'],
    ['an unknown value', [twice('z', 'y')], { inputs }, 'ERR_TRT_ARG_VALUE'],
    ['a value from later', [twice('b', 'a'), twice('x', 'b')], { inputs }, 'ERR_TRT_ARG_VALUE'],
    ['a value made twice', [twice('x', 'y'), twice('x', 'y')], { inputs }, 'ERR_TRT_ARG_VALUE'],
    ['a result too many', [{ ...twice('x', 'y'), outputs: ['y', 'z'] }], { inputs }, 'ERR_TRT_ARG_VALUE'],
    ['an unknown output', three, { inputs, outputs: ['z'] }, 'ERR_TRT_ARG_VALUE'],
    ['an input as output', three, { inputs, outputs: ['x'] }, 'ERR_TRT_ARG_VALUE'],
    ['an output twice', three, { inputs, outputs: ['y', 'y'] }, 'ERR_TRT_ARG_VALUE'],
    ['no inputs', three, {}, 'ERR_TRT_ARG_TYPE'],
    ['an open dimension', three, { inputs: { x: { type: 'float32', dims: [-1] } } }, 'ERR_TRT_ARG_TENSOR'],
    ['strings', three, { inputs: { x: { type: 'string', dims: [1] } } }, 'ERR_TRT_ARG_TENSOR'],
    ['no device', three, { inputs, device: 'gpu' }, 'ERR_TRT_ARG_VALUE'],
    ['device outputs on the CPU', three, { inputs, deviceOutputs: true }, 'ERR_TRT_RUN_UNSUPPORTED'],
    ['a wrong graph mode', three, { inputs, cudaGraph: true }, 'ERR_TRT_ARG_TYPE'],
    ['too many threads', three, { inputs, threads: 1000 }, 'ERR_TRT_ARG_VALUE'],
    ['an unknown option', three, { inputs, thread: 1 }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
  ];
  it.each(refused)('is refused: %s', async (_, steps, options, code) => {
    await expect(createChain(steps as ChainStep[], options as ChainOptions)).rejects.toMatchObject({ code });
  });
});
