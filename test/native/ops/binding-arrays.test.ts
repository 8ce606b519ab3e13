// SPDX-License-Identifier: Apache-2.0
// Operators between the arrays of a binding on a GPU, whose memory is page-locked, and the device. On the stand-in.
import type { Tensor } from '../../../lib/runtime/tensor';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { convert } from '../../../lib/ops/tensors/convert';
import { uploadTensor } from '../../../lib/runtime/device-memory';
import { doubled, four, gpu, open } from '../gpu-safety/support';

beforeEach(() => gpu.reset());
// The stream and the kernels of the first operator on a device stay.
afterEach(() => expect(gpu.violations()).toEqual([]));

const onHost = (data: Float32Array) => ({ data, dims: [4] });

it('results go to its inputs, from the host and from the device', async () => {
  const session = await open();
  const io = await session.createBinding();
  const x = io.inputs.x as Float32Array;
  const tensor = await uploadTensor({ type: 'float32', ...onHost(four(2)) });
  for (const [first, source] of [
    [1, onHost(four(1))],
    [2, tensor],
  ] as const) {
    const result = (await convert(source, { type: 'float32', out: x })) as Tensor;
    expect(result.data).toBe(x);
    expect(x).toEqual(four(first));
    await io.run();
    const y = await convert(onHost(io.outputs.y as Float32Array), { type: 'int32' });
    expect(y.data).toEqual(Int32Array.from(doubled(first)));
  }
  tensor.close();
  await io.close();
  await session.close();
});

it('a closed binding is told, before a call and during one', async () => {
  const session = await open();
  for (const place of ['host', 'device']) {
    const io = await session.createBinding();
    const x = (io.inputs.x as Float32Array).fill(3);
    const tensor = await uploadTensor({ type: 'float32', ...onHost(four()) });
    const source = place === 'host' ? onHost(four()) : tensor;
    const [into, from] = [
      convert(source, { type: 'float32', out: x }),
      // Keeps the memory that it was given.
      convert(onHost(io.outputs.y as Float32Array), { type: 'int32' }),
    ];
    const closing = io.close();
    await expect(into).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    expect((await from).data).toHaveLength(4);
    await closing;
    const REFUSED = {
      code: 'ERR_TRT_ARG_TENSOR',
      message: expect.stringMatching(/binding closed/) as string,
    };
    await expect(convert(source, { type: 'float32', out: x })).rejects.toMatchObject(REFUSED);
    await expect(convert(onHost(x), { type: 'int32' })).rejects.toMatchObject(REFUSED);
    tensor.close();
  }
  await session.close();
});
