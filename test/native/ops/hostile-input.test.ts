// SPDX-License-Identifier: Apache-2.0
// Tensors, plans and lists that are not what they seem: each ends at once, with a result or a typed error.
import { describe, expect, it } from 'vitest';

import { createChain, type ChainStep } from '../../../lib/ops/chain';
import {
  cosineSimilarity,
  l2Normalize,
  meanPool,
  planSoftmax,
  softmax,
  topK,
} from '../../../lib/ops/scores/index';
import { preprocessImages } from '../../../lib/ops/image/preprocess';
import { planRescaleBoxes } from '../../../lib/ops/boxes/rescale';
import { concatenate, planTranspose } from '../../../lib/ops/tensors/index';
import { runOperator } from '../../../lib/ops/run-operator';
import type { OperatorPlan, TensorSpec } from '../../../lib/ops/tensor-spec';
import type { Tensor } from '../../../lib/runtime/tensor';

const floats = (...values: number[]): Float32Array => Float32Array.from(values);
const empty = (...dims: number[]) => ({ data: new Float32Array(0), dims });

describe('an empty tensor whose other dims are huge', () => {
  // Loops over 10^12 rows of no element kept a thread, and the process, for hours.
  it('has an empty result, at once', async () => {
    expect((await softmax(empty(1e12, 0))).dims).toEqual([1e12, 0]);
    expect((await l2Normalize(empty(1e12, 0))).dims).toEqual([1e12, 0]);
    expect((await meanPool(empty(1e6, 1e6, 0))).dims).toEqual([1e6, 0]);
    await using chain = await createChain(
      [{ plan: ([x]) => planSoftmax([x!]), inputs: ['x'], outputs: ['y'] }],
      { inputs: { x: { type: 'float32', dims: [2 ** 52, 0] } } },
    );
    expect((await chain.run({ x: new Float32Array(0) })).y).toMatchObject({ dims: [2 ** 52, 0] });
  });

  it('is refused where the result has dims or bytes that numbers cannot count', async () => {
    const huge = empty(Number.MAX_SAFE_INTEGER, 0);
    await expect(concatenate([huge, huge])).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_TENSOR',
      message: expect.stringMatching(/concatenate\(\) expected dims and bytes below 2 \*\* 53/) as string,
    });
    await expect(cosineSimilarity(empty(2 ** 40, 0), empty(2 ** 40, 0))).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_TENSOR',
    });
    await expect(cosineSimilarity(empty(2 ** 22, 0), empty(2 ** 22, 0))).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_FAILED',
      message: expect.stringMatching(/Expected 70368744177664 bytes of memory .* Run fewer rows/) as string,
    });
  });
});

describe('dims', () => {
  it('that are no whole numbers are named as they came', async () => {
    const sparse: number[] = [];
    sparse[1] = 4;
    for (const [dims, came] of [
      [[NaN, 4], '[NaN, 4]'],
      [[1.5, 4], '[1.5, 4]'],
      [sparse, '[undefined, 4]'],
      [['1', 4], '[a string, 4]'],
      [[2 ** 53], '[9007199254740992]'],
      [null, 'null'],
    ] as const)
      await expect(softmax({ data: new Float32Array(4), dims: dims as never })).rejects.toMatchObject({
        code: 'ERR_TRT_ARG_TENSOR',
        message: expect.stringContaining(`got ${came}.`) as string,
      });
    const [rows] = (await softmax({ data: new Float32Array(0), dims: [-0, 4] })).dims;
    expect(Object.is(rows, 0)).toBe(true);
  });
});

describe('objects whose getters change', () => {
  it('give results of the memory that was written', async () => {
    let reads = 0;
    const arrays = [new Float32Array(4), new Float32Array(4), new Float32Array(1)];
    const out = {
      dims: [4],
      get data() {
        return arrays[Math.min(reads++, 2)]!;
      },
    };
    const result = await softmax({ data: new Float32Array(4), dims: [4] }, { out }).catch(
      (error: unknown) => error,
    );
    if (result instanceof Error) expect(result).toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
    else expect((result as Tensor).data).toHaveLength(4);
  });

  it('do not make an operator read beyond a tensor that shrank after it was planned', async () => {
    const plan = planRescaleBoxes([
      { type: 'float32', dims: [1, 1000, 4] },
      { type: 'float32', dims: [1, 6] },
    ]);
    const inputs = [
      { data: new Float32Array(4), dims: [1, 1, 4] },
      { data: new Float32Array(6).fill(1), dims: [1, 6] },
    ];
    await expect(runOperator({ ...plan, inputs })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_FAILED',
      message: expect.stringMatching(/rescaleCoordinates.* tensors that do not fit/) as string,
    });
  });
});

describe('a list with holes', () => {
  it('has no image there', async () => {
    await expect(preprocessImages(new Array(2) as never, { size: 4 })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_TYPE',
      message: expect.stringMatching(/^Image 0 must be an object/) as string,
    });
  });
});

describe('lists that the caller changes after a call', () => {
  it('are not those of the next call', async () => {
    const permutation = [1, 0];
    const x: TensorSpec = { type: 'float32', dims: [2, 3] };
    const call = () => ({
      ...planTranspose([x], [1, 0]),
      attributes: { permutation },
      inputs: [{ data: floats(1, 2, 3, 4, 5, 6), dims: [2, 3] }],
    });
    expect(((await runOperator(call()))[0] as Tensor).data).toEqual(floats(1, 4, 2, 5, 3, 6));
    permutation[0] = 0;
    permutation[1] = 1;
    const plan = { ...call(), outputs: [x] };
    expect(((await runOperator(plan))[0] as Tensor).data).toEqual(floats(1, 2, 3, 4, 5, 6));
    // The first again, from native code's memory.
    permutation.reverse();
    expect(((await runOperator(call()))[0] as Tensor).data).toEqual(floats(1, 4, 2, 5, 3, 6));
  });

  it('are not those of a chain', async () => {
    const inputs = { x: { type: 'float32' as const, dims: [4] } };
    await using chain = await createChain(
      [{ plan: ([x]) => planSoftmax([x!]), inputs: ['x'], outputs: ['y'] }],
      { inputs },
    );
    inputs.x.dims[0] = 1;
    expect(chain.inputs.x!.dims).toEqual([4]);
    expect((await chain.run({ x: new Float32Array(4) })).y!.dims).toEqual([4]);
  });
});

describe('more kinds of calls than native code keeps', () => {
  it('give what each of them asks for', async () => {
    for (let round = 0; round < 2; round++) {
      const sizes = Array.from({ length: 70 }, (_, index) => index + 1);
      const found = await Promise.all(
        sizes.map((k) => topK({ data: Float32Array.from({ length: 80 }, (_, at) => at), dims: [80] }, k)),
      );
      found.forEach(({ values }, index) => {
        expect(values.data).toHaveLength(index + 1);
        expect(values.data[index]).toBe(79 - index);
      });
    }
  });
});

describe('a step of a chain', () => {
  const inputs = { x: { type: 'float32', dims: [4] } } as const;
  const step = (plan: unknown): ChainStep[] => [
    { plan: plan as ChainStep['plan'], inputs: ['x'], outputs: ['y'] },
  ];

  it('whose plan gives or needs something else is refused with its number', async () => {
    const output = { type: 'float32', dims: [4] };
    const refused: readonly unknown[] = [
      () => undefined,
      () => Promise.resolve(planSoftmax([inputs.x])),
      () => ({ operator: 'softmax', outputs: [output] }),
      () => ({ operator: 'softmax', attributes: {}, outputs: [{ type: 'float32', dims: [-1] }] }),
      () => ({ operator: 'softmax', attributes: {}, outputs: [null] }),
      // It takes two tensors, and gets one.
      ([boxes, transforms]: TensorSpec[]) => planRescaleBoxes([boxes!, transforms!]),
    ];
    for (const plan of refused) {
      const failure = await createChain(step(plan), { inputs }).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: expect.stringMatching(/^ERR_TRT_ARG_(VALUE|TENSOR)$/) as string,
      });
    }
    await expect(
      createChain(
        step(() => undefined),
        { inputs },
      ),
    ).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Step 0 of createChain\(\) does not fit: its plan must return/,
      ) as string,
      details: { step: 0 },
    });
  });

  it('that was planned for other tensors fails when it runs, and writes nowhere else', async () => {
    const other =
      (plan: OperatorPlan): (() => OperatorPlan) =>
      () =>
        plan;
    const plans: OperatorPlan[] = [
      planTranspose([{ type: 'float32', dims: [100, 100] }], [1, 0]),
      planSoftmax([{ type: 'float32', dims: [1] }]),
    ];
    for (const plan of plans) {
      await using chain = await createChain(step(other(plan)), { inputs });
      await expect(chain.run({ x: new Float32Array(4) })).rejects.toMatchObject({
        code: 'ERR_TRT_RUN_FAILED',
      });
    }
  });
});
