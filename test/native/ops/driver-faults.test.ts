// SPDX-License-Identifier: Apache-2.0
// Every call that operators and chains make of the driver fails once: the error is one of the table and names the call,
// nothing is left behind, and the next one works.
import { afterAll, expect, it } from 'vitest';

import { createChain } from '../../../lib/ops/chain';
import { convert, planConvert } from '../../../lib/ops/tensors/convert';
import { uploadTensor } from '../../../lib/runtime/device-memory';
import type { DeviceTensor } from '../../../lib/runtime/device-tensor';
import type { Tensor } from '../../../lib/runtime/tensor';
import { collectUntil } from '../../gpu-session';
import { StandinGpu } from '../../standin-gpu';

process.env.TRTN_STANDIN_CUDA_DEVICES ??= '1';
const gpu = StandinGpu.open();
process.env.TENSORRT_NODE_DRIVER_LIBRARY = gpu.driverPath;

const COUNT = 100;
const OUT_OF_MEMORY = 2;
const UNKNOWN = 999;
const numbers = Float32Array.from({ length: COUNT }, (_, index) => index);
const eightTimes = Int32Array.from(numbers, (x) => 8 * x);
const upload = (): Promise<DeviceTensor> => uploadTensor({ type: 'float32', data: numbers, dims: [COUNT] });

/** A chain from host to host whose third run is a graph, and a single operator on the device. */
async function work(tensor: DeviceTensor): Promise<void> {
  const chain = await createChain(
    [
      { plan: ([x]) => planConvert([x!], { type: 'float32', scale: 2 }), inputs: ['x'], outputs: ['a'] },
      { plan: ([a]) => planConvert([a!], { type: 'int32', scale: 4 }), inputs: ['a'], outputs: ['y'] },
    ],
    { inputs: { x: { type: 'float32', dims: [COUNT] } }, device: 'cuda:0' },
  );
  try {
    for (let run = 0; run < 3; run++) {
      const { y } = await chain.run({ x: numbers });
      expect((y as Tensor).data).toEqual(eightTimes);
    }
  } finally {
    await chain.close();
  }
  const result = await convert(tensor, { type: 'int32', scale: 8 });
  result.close();
  const out = new Int32Array(COUNT);
  await convert(tensor, { type: 'int32', scale: 8, out });
  expect(out).toEqual(eightTimes);
}

/** What exists on the device beside the tensor that all use. */
function memory(): string {
  const { device, graphs, graphExecs, streams } = gpu.live();
  return JSON.stringify({ device: device.allocations, graphs, graphExecs, streams });
}

const tensors: DeviceTensor[] = [];
afterAll(() => tensors.forEach((tensor) => tensor.close()));

it('each call that fails is told, and leaves nothing behind', async () => {
  const tensor = await upload();
  tensors.push(tensor);
  await work(tensor);
  await collectUntil(() => gpu.live().device.allocations === 1);
  const before = memory();
  gpu.reset();
  await work(tensor);
  // What a call could not give back stays: nobody else has a way to.
  const calls = Object.entries(gpu.calls().entries).filter(
    ([entry]) => !/Destroy|Free|Release|Unload|PopCurrent/.test(entry),
  );
  expect(calls.length).toBeGreaterThan(10);
  const outcomes: Record<string, string> = {};
  for (const [entry, count] of calls) {
    for (let nth = 1; nth <= Math.min(count, 6); nth++) {
      for (const result of [OUT_OF_MEMORY, UNKNOWN]) {
        gpu.reset();
        gpu.fault(entry, nth, result);
        const failure = (await work(tensor).then(
          () => undefined,
          (error: unknown) => error,
        )) as { code?: string; message: string; details?: { where?: string } } | undefined;
        const name = `${entry} ${nth} ${result}`;
        if (failure !== undefined) {
          const told = `${failure.message} ${failure.details?.where ?? ''}`;
          outcomes[name] = `${failure.code} ${told.includes(entry.replace(/_v2$/, '')) ? 'named' : told}`;
        }
        gpu.reset();
        await work(tensor);
        await collectUntil(() => memory() === before);
        expect({ name, memory: memory() }).toEqual({ name, memory: before });
        expect(gpu.violations()).toEqual([]);
      }
    }
  }
  expect(Object.keys(outcomes).length).toBeGreaterThan(10);
  for (const [name, outcome] of Object.entries(outcomes))
    expect({ name, outcome }).toMatchObject({
      outcome: expect.stringMatching(/^ERR_TRT_CUDA_\w+ named$/) as string,
    });
});
