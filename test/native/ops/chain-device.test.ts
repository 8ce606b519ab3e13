// SPDX-License-Identifier: Apache-2.0
// Operators and chains on a GPU, on the stand-in driver: memory, order, graphs, faults. Its kernels are the real ones, run
// by the host.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createChain, type Chain, type ChainOptions, type ChainStep } from '../../../lib/ops/chain';
import { convert, planConvert } from '../../../lib/ops/tensors/convert';
import { uploadTensor } from '../../../lib/runtime/device-memory';
import { DeviceTensor } from '../../../lib/runtime/device-tensor';
import type { Tensor } from '../../../lib/runtime/tensor';
import { collectUntil } from '../../gpu-session';
import { StandinGpu } from '../../standin-gpu';

process.env.TRTN_STANDIN_CUDA_DEVICES ??= '2';
const gpu = StandinGpu.open();
process.env.TENSORRT_NODE_DRIVER_LIBRARY = gpu.driverPath;

const COUNT = 1000;
const numbers = (first = 0): Float32Array =>
  Float32Array.from({ length: COUNT }, (_, index) => index + first);
const times = (factor: number, first = 0): Int32Array => Int32Array.from(numbers(first), (x) => x * factor);
const upload = (first = 0, device: `cuda:${number}` = 'cuda:0'): Promise<DeviceTensor> =>
  uploadTensor({ type: 'float32', data: numbers(first), dims: [COUNT] }, { device });

const twice = (from: string, to: string, type: 'int32' | 'float32' = 'float32'): ChainStep => ({
  plan: ([x]) => planConvert([x!], { type, scale: 2 }),
  inputs: [from],
  outputs: [to],
});
const three = [twice('x', 'a'), twice('a', 'b'), twice('b', 'y', 'int32')];
const make = (options: Partial<ChainOptions> = {}): Promise<Chain> =>
  createChain(three, { inputs: { x: { type: 'float32', dims: [COUNT] } }, device: 'cuda:0', ...options });

const count = (entry: string): number => gpu.calls().entries[entry] ?? 0;
const content = (tensor: unknown): unknown => (tensor as Tensor).data;

/** What exists on the device now; the first operator on a device leaves its stream and kernels there. */
function memory(): unknown {
  const { device, graphs, graphExecs, streams } = gpu.live();
  return { device: device.allocations, graphs, graphExecs, streams };
}

/** What exists once the tensors that earlier tests closed are gone. */
async function settled(): Promise<unknown> {
  await collectUntil(() => gpu.live().device.allocations === 0);
  return memory();
}

/** Nothing is left of what came after `before`, and nothing was done wrong. */
async function expectBack(before: unknown): Promise<void> {
  await collectUntil(() => JSON.stringify(memory()) === JSON.stringify(before));
  expect(memory()).toEqual(before);
}

beforeEach(() => gpu.reset());
afterEach(() => expect(gpu.violations()).toEqual([]));

describe('one operator', () => {
  it('runs where its tensor is, and its result stays there', async () => {
    const x = await upload();
    const y = await convert(x, { type: 'int32', scale: 3 });
    expect(y).toBeInstanceOf(DeviceTensor);
    expect(y).toMatchObject({ type: 'int32', dims: [COUNT], device: 'cuda:0' });
    // Ready: the next one needs no wait.
    const z = await convert(y, { type: 'float32' });
    expect(content(await z.toTensor())).toEqual(Float32Array.from(times(3)));
    for (const tensor of [x, y, z]) tensor.close();
  });

  it('writes into a device tensor, or into an array', async () => {
    const x = await upload(5);
    const out = await uploadTensor({ type: 'int32', data: new Int32Array(COUNT), dims: [COUNT] });
    expect(await convert(x, { type: 'int32', scale: 2, out })).toBe(out);
    expect(content(await out.toTensor())).toEqual(times(2, 5));
    const array = new Int32Array(COUNT);
    expect(content(await convert(x, { type: 'int32', scale: 4, out: array }))).toBe(array);
    expect(array).toEqual(times(4, 5));
    x.close();
    out.close();
  });

  it('refuses tensors that are closed, elsewhere or the same', async () => {
    const [x, other] = [await upload(), await upload(0, 'cuda:1')];
    const DEVICE_TENSOR = { code: 'ERR_TRT_RUN_DEVICE_TENSOR' };
    await expect(convert(x, { type: 'float32', out: other })).rejects.toMatchObject(DEVICE_TENSOR);
    await expect(convert(x, { type: 'float32', out: x })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
    await expect(
      convert({ data: numbers(), dims: [COUNT] }, { type: 'float32', out: x }),
    ).rejects.toMatchObject(DEVICE_TENSOR);
    const running = convert(x, { type: 'int32' });
    x.close();
    // It keeps the memory that it was given.
    const y = await running;
    expect(content(await y.toTensor())).toEqual(times(1));
    await expect(convert(x, { type: 'int32' })).rejects.toMatchObject(DEVICE_TENSOR);
    other.close();
    y.close();
  });
});

describe('a chain', () => {
  it('takes arrays and gives arrays', async () => {
    const before = await settled();
    const chain = await make();
    for (let run = 0; run < 4; run++)
      expect(content((await chain.run({ x: numbers(run) })).y)).toEqual(times(8, run));
    await chain.close();
    await expectBack(before);
  });

  it('takes and gives device tensors without a copy of them', async () => {
    const x = await upload(2);
    const chain = await make({ deviceOutputs: true });
    const copies = count('cuMemcpyHtoDAsync') + count('cuMemcpyDtoHAsync');
    const { y } = await chain.run({ x });
    expect(count('cuMemcpyHtoDAsync') + count('cuMemcpyDtoHAsync')).toBe(copies);
    expect(content(await (y as DeviceTensor).toTensor())).toEqual(times(8, 2));
    x.close();
    (y as DeviceTensor).close();
    await chain.close();
  });

  it('runs as a graph from the second run with the same memory on', async () => {
    const chain = await make();
    const out = new Int32Array(COUNT);
    await chain.run({ x: numbers() }, { out: { y: out } });
    expect(chain.statistics().cudaGraph).toEqual({ captures: 0, launches: 0 });
    const launched = count('cuLaunchKernel');
    for (let run = 1; run < 5; run++) {
      await chain.run({ x: numbers(run) }, { out: { y: out } });
      expect(out).toEqual(times(8, run));
    }
    expect(chain.statistics()).toMatchObject({ runs: 5, cudaGraph: { captures: 1, launches: 4 } });
    expect(count('cuGraphLaunch')).toBe(4);
    // Those of the capture.
    expect(count('cuLaunchKernel')).toBe(2 * launched);
    await chain.close();
  });

  it('runs plainly where it is told to', async () => {
    const chain = await make({ cudaGraph: 'off' });
    for (let run = 0; run < 4; run++) await chain.run({ x: numbers() });
    expect(count('cuGraphLaunch')).toBe(0);
    await chain.close();
  });

  it('goes on without a graph that cannot be captured, or says so', async () => {
    for (const cudaGraph of ['auto', 'on'] as const) {
      const chain = await make({ cudaGraph });
      await chain.run({ x: numbers() });
      gpu.fault('cuGraphInstantiateWithFlags', 1, 801);
      const second = chain.run({ x: numbers(1) });
      if (cudaGraph === 'on') await expect(second).rejects.toMatchObject({ code: 'ERR_TRT_RUN_GRAPH' });
      else {
        expect(content((await second).y)).toEqual(times(8, 1));
        expect(chain.statistics().cudaGraph).toMatchObject({ captures: 0, launches: 0 });
        expect(chain.statistics().cudaGraph.refusal).toMatch(/cuGraphInstantiate|801/);
      }
      expect(content((await chain.run({ x: numbers(2) })).y)).toEqual(times(8, 2));
      await chain.close();
    }
  });

  it('queues its runs, and ends them before it closes', async () => {
    const before = await settled();
    const chain = await make();
    const runs = Array.from({ length: 20 }, (_, first) => chain.run({ x: numbers(first) }));
    const closing = chain.close();
    (await Promise.all(runs)).forEach(({ y }, first) => expect(content(y)).toEqual(times(8, first)));
    await closing;
    await expect(chain.run({ x: numbers() })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_CLOSED' });
    await expectBack(before);
  });

  it('that is dropped gives everything back', async () => {
    const before = await settled();
    await (async () => {
      const chain = await make();
      for (let run = 0; run < 3; run++) await chain.run({ x: numbers() });
    })();
    await expectBack(before);
  });

  it('is refused tensors of another device', async () => {
    const chain = await make();
    const onCpu = await make({ device: 'cpu' });
    const x = await upload(0, 'cuda:1');
    for (const one of [chain, onCpu])
      await expect(one.run({ x })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_DEVICE_TENSOR' });
    x.close();
    await expect(make({ device: 'cuda:9' })).rejects.toMatchObject({ code: 'ERR_TRT_RUN_DEVICE' });
    await Promise.all([chain.close(), onCpu.close()]);
  });
});

describe('a fault of the device', () => {
  it('while memory is asked for leaves nothing behind, and the next run works', async () => {
    const before = await settled();
    const chain = await make();
    for (const entry of ['cuMemAllocAsync', 'cuMemHostAlloc', 'cuModuleLoadDataEx', 'cuLaunchKernel']) {
      gpu.fault(entry, 1, 2);
      const code = /Alloc/.test(entry) ? 'ERR_TRT_CUDA_OUT_OF_MEMORY' : /^ERR_TRT_CUDA_/;
      const failure = await chain.run({ x: numbers() }).then(
        () => 'done',
        (error: unknown) => (error as { code: string }).code,
      );
      // What the first run has allocated the later ones have.
      if (failure !== 'done') expect(failure).toMatch(code);
      gpu.reset();
      expect(content((await chain.run({ x: numbers(1) })).y)).toEqual(times(8, 1));
    }
    await chain.close();
    await expectBack(before);
  });

  it('that loses it is told to all that use it', async () => {
    const chain = await make();
    gpu.fault('op:kernel', 1, 700);
    await expect(chain.run({ x: numbers() })).rejects.toMatchObject({ code: 'ERR_TRT_CUDA_DEVICE_LOST' });
    await expect(chain.run({ x: numbers() })).rejects.toMatchObject({ code: 'ERR_TRT_CUDA_POISONED' });
    await chain.close();
  });

  // The lane of single operators held on to it: no operator and no session could use it again.
  it('that loses it under a single operator leaves it to be opened again', async () => {
    const x = await upload();
    gpu.fault('op:kernel', 1, 700);
    await expect(convert(x, { type: 'int32' })).rejects.toMatchObject({ code: 'ERR_TRT_CUDA_DEVICE_LOST' });
    x.close();
    await collectUntil(() => gpu.live().device.allocations === 0);
    const fresh = await upload(3);
    const y = await convert(fresh, { type: 'int32', scale: 2 });
    expect(content(await y.toTensor())).toEqual(times(2, 3));
    fresh.close();
    y.close();
  });
});
