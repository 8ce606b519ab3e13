// SPDX-License-Identifier: Apache-2.0
// JPEG files on a GPU: the stand-in of nvJPEG makes its pixels up, from their place and from the bytes of the file.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { decodeJpeg, decodeJpegWith, type DecodeJpegOptions } from '../../../lib/ops/image/decode-jpeg';
import { preprocessImages } from '../../../lib/ops/image/preprocess';
import { DeviceTensor } from '../../../lib/runtime/device-tensor';
import { locateNvjpeg, NVJPEG_VARIABLE } from '../../../lib/runtime/nvjpeg-library';
import { collectUntil } from '../../gpu-session';
import { builtStandin } from '../../standin-build';
import { StandinGpu } from '../../standin-gpu';

process.env.TRTN_STANDIN_CUDA_DEVICES ??= '2';
const gpu = StandinGpu.open();
process.env.TENSORRT_NODE_DRIVER_LIBRARY = gpu.driverPath;
const library = builtStandin('nvjpeg-13', 'libnvjpeg.so.13');

const big = (value: number): number[] => [value >> 8, value & 255];

/** Bytes whose buffer has gone to another thread. */
function transferred(): Uint8Array {
  const bytes = new Uint8Array(100);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** The markers of a JPEG around pixels that are none. */
function makeJpeg(width: number, height: number, { components = 3, seed = 0 } = {}): Uint8Array {
  const parts = Array.from({ length: components }, (_, index) => [index + 1, 0x11, 0]).flat();
  const frame = [
    0xff,
    0xc0,
    ...big(8 + parts.length),
    8,
    ...big(height),
    ...big(width),
    components,
    ...parts,
  ];
  return Uint8Array.from([0xff, 0xd8, ...frame, 0xff, 0xda, 0, 3, 0, 17, 0xff, 0, seed, 0xff, 0xd9]);
}

function expectedPixels(file: Uint8Array, width: number, height: number): Uint8Array {
  const sum = file.reduce((total, byte) => total + byte, 0);
  return Uint8Array.from({ length: width * height * 3 }, (_, index) => {
    const [channel, pixel] = [index % 3, Math.floor(index / 3)];
    return 3 * (pixel % width) + 5 * Math.floor(pixel / width) + 7 * channel + sum;
  });
}

const count = (entry: string): number => gpu.calls().entries[entry] ?? 0;

async function pixelsOf(tensor: DeviceTensor): Promise<unknown> {
  const { data } = await tensor.toTensor();
  tensor.close();
  return data;
}

beforeEach(() => {
  gpu.reset();
  process.env[NVJPEG_VARIABLE] = library;
});
afterEach(() => expect(gpu.violations()).toEqual([]));

describe('a file', () => {
  it('becomes pixels on the device', async () => {
    for (const [width, height] of [
      [1, 1],
      [17, 9],
    ] as const) {
      const file = makeJpeg(width, height);
      const tensor = await decodeJpeg(file);
      expect(tensor).toBeInstanceOf(DeviceTensor);
      expect(tensor).toMatchObject({ type: 'uint8', dims: [height, width, 3], device: 'cuda:0' });
      expect(await pixelsOf(tensor)).toEqual(expectedPixels(file, width, height));
    }
    const other = await decodeJpeg(makeJpeg(4, 4, { components: 1 }), { device: 'cuda:1' });
    expect(other.device).toBe('cuda:1');
    other.close();
  });

  it('goes to the operators without a copy to the host', async () => {
    const file = makeJpeg(6, 4);
    using data = await decodeJpeg(file);
    const before = count('cuMemcpyDtoHAsync');
    const image = { data, width: 6, height: 4, format: 'rgb' } as const;
    const { tensor } = await preprocessImages([image], {
      size: { width: 6, height: 4 },
      type: 'uint8',
      layout: 'nhwc',
    });
    expect(count('cuMemcpyDtoHAsync')).toBe(before);
    expect(await pixelsOf(tensor)).toEqual(expectedPixels(file, 6, 4));
  });

  it('is copied before the call returns', async () => {
    const file = makeJpeg(5, 5);
    const expected = expectedPixels(file, 5, 5);
    const pending = decodeJpeg(file);
    file.fill(0);
    expect(await pixelsOf(await pending)).toEqual(expected);
  });

  it('is one of many', async () => {
    const files = Array.from({ length: 40 }, (_, seed) => makeJpeg(1 + seed, 3, { seed }));
    const tensors = await Promise.all(files.map((file) => decodeJpeg(file)));
    const all = await Promise.all(tensors.map(pixelsOf));
    all.forEach((pixels, seed) => expect(pixels).toEqual(expectedPixels(files[seed]!, 1 + seed, 3)));
    // As many states as decode at once, kept from before.
    expect(gpu.live().objects.nvjpegJpegState).toBeLessThanOrEqual(5);
  });
});

describe('bad input', () => {
  it('has a code', async () => {
    const good = makeJpeg(8, 8);
    const png = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
    const DECODE = 'ERR_TRT_RUN_IMAGE_DECODE';
    for (const [file, reason] of [
      [new Uint8Array(), 'it has no bytes'],
      [transferred(), 'it has no bytes'],
      [png, 'it does not begin as a JPEG file does'],
      [good.subarray(0, good.length - 2), `it ends within its pixels, after ${good.length - 2} bytes`],
      [good.subarray(0, 9), 'it ends within its head, after 9 bytes'],
      [makeJpeg(8, 8, { components: 4 }), 'it has 4 components; 1 (grey) and 3 (colour) are decoded'],
    ] as const)
      await expect(decodeJpeg(file)).rejects.toMatchObject({ code: DECODE, details: { reason } });
    await expect(decodeJpeg(makeJpeg(65_535, 65_535))).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_IMAGE_LIMIT',
      details: { width: 65_535, height: 65_535, maxPixels: 100_000_000 },
    });
    await expect(decodeJpeg(good, { maxPixels: 63 })).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_IMAGE_LIMIT',
    });
    expect(count('nvjpegDecode')).toBe(0);
  });

  it.each([
    ['a text', 'ff d8', {}, 'ERR_TRT_ARG_TYPE'],
    ['the CPU', makeJpeg(1, 1), { device: 'cpu' }, 'ERR_TRT_ARG_VALUE'],
    ['no pixels', makeJpeg(1, 1), { maxPixels: 0 }, 'ERR_TRT_ARG_VALUE'],
    ['an unknown option', makeJpeg(1, 1), { maxPixel: 1 }, 'ERR_TRT_ARG_UNKNOWN_OPTION'],
    ['no signal', makeJpeg(1, 1), { signal: 5 }, 'ERR_TRT_ARG_TYPE'],
    ['a signal that has fired', makeJpeg(1, 1), { signal: AbortSignal.abort() }, 'ERR_TRT_RUN_ABORTED'],
    ['a device that is not there', makeJpeg(1, 1), { device: 'cuda:7' }, 'ERR_TRT_RUN_DEVICE'],
  ])('is refused: %s', async (_, file, options, code) => {
    await expect(decodeJpeg(file as Uint8Array, options as DecodeJpegOptions)).rejects.toMatchObject({
      code,
    });
  });

  it('is told with the status of the library', async () => {
    gpu.fault('nvjpegDecode', 1, 3);
    await expect(decodeJpeg(makeJpeg(8, 8))).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_IMAGE_DECODE',
      message: 'The JPEG cannot be decoded: nvjpegDecode returned NVJPEG_STATUS_BAD_JPEG.',
      details: { status: 'NVJPEG_STATUS_BAD_JPEG', where: 'nvjpegDecode' },
    });
    await (await decodeJpeg(makeJpeg(8, 8))).toTensor();
  });
});

describe('calls that wait', () => {
  it('are withdrawn by their signals, and leave their turns to others', async () => {
    const file = makeJpeg(64, 64);
    const abort = new AbortController();
    const running = Array.from({ length: 4 }, () => decodeJpeg(file));
    const waiting = Array.from({ length: 3 }, () => decodeJpeg(file, { signal: abort.signal }));
    const last = decodeJpeg(file);
    abort.abort(new Error('enough'));
    const results = await Promise.allSettled(waiting);
    for (const result of results) expect(result).toMatchObject({ reason: { code: 'ERR_TRT_RUN_ABORTED' } });
    for (const tensor of await Promise.all([...running, last])) tensor.close();
  });
});

describe('the library', () => {
  it('is named with all places where it was looked for', async () => {
    const home = await mkdtemp(join(tmpdir(), 'nvjpeg-'));
    const nowhere = () => locateNvjpeg({ env: {}, home, root: home, systemRoot: home, arch: 'x64' });
    // On a machine whose loader finds one, that is used.
    const search = { ...(await nowhere()), libraries: [join(home, 'libnvjpeg.so.13')] };
    const { openAddon } = await import('../../../lib/binding/open-addon');
    const failed = decodeJpegWith(makeJpeg(1, 1), {}, openAddon, () => Promise.resolve(search));
    const error = (await failed.catch((reason: unknown) => reason)) as { details: { tried: string[] } };
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_NVJPEG_NOT_FOUND' });
    expect(error.details.tried[0]).toMatch(/libnvjpeg\.so\.13: .*No such file/);
    expect(error.details.tried).toContain(`${join(home, 'usr', 'lib64')}: no such folder`);
  });

  it.each([
    [
      'of another version',
      ['nvjpeg-11', 'libnvjpeg.so.11'],
      'it is nvJPEG 11.4.1; versions 12 and 13 are used',
    ],
    [
      'that is something else',
      ['not-nvjpeg', 'libnvjpeg.so.13'],
      'it is no nvJPEG library: it lacks nvjpegGetProperty',
    ],
  ])('is refused: one %s', async (_, parts, reason) => {
    const path = builtStandin(...parts);
    process.env[NVJPEG_VARIABLE] = path;
    await expect(decodeJpeg(makeJpeg(1, 1))).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_NVJPEG_NOT_FOUND',
      message: `nvJPEG cannot be used on cuda:0: ${path}: ${reason}.`,
      details: { tried: [`${path}: ${reason}`] },
    });
  });

  it('may be the older one', async () => {
    process.env[NVJPEG_VARIABLE] = builtStandin('nvjpeg-12', 'libnvjpeg.so.12');
    const file = makeJpeg(3, 2);
    expect(await pixelsOf(await decodeJpeg(file))).toEqual(expectedPixels(file, 3, 2));
  });
});

describe('a device', () => {
  it('that is full is told so, and goes on', async () => {
    gpu.fault('nvjpegDecode', 1, 5);
    await expect(decodeJpeg(makeJpeg(8, 8))).rejects.toMatchObject({
      code: 'ERR_TRT_CUDA_OUT_OF_MEMORY',
      details: { status: 'NVJPEG_STATUS_ALLOCATOR_FAILURE' },
    });
    gpu.configure({ memoryBytes: 1000 });
    await expect(decodeJpeg(makeJpeg(100, 100))).rejects.toMatchObject({
      code: 'ERR_TRT_CUDA_OUT_OF_MEMORY',
      details: { needed: 30_000 },
    });
    gpu.configure({ memoryBytes: 1 << 30 });
    (await decodeJpeg(makeJpeg(100, 100))).close();
  });

  it('gets the memory of its tensors back', async () => {
    await collectUntil(() => gpu.live().device.allocations === 0);
    const before = gpu.live();
    const tensors = await Promise.all(Array.from({ length: 10 }, () => decodeJpeg(makeJpeg(30, 30))));
    expect(gpu.live().device.bytes - before.device.bytes).toBe(10 * 30 * 30 * 3);
    for (const tensor of tensors) tensor.close();
    // Freed in the order of a stream: soon, not at once.
    await vi.waitFor(() => expect(gpu.live().device).toEqual(before.device), 5000);
  });

  it('that was lost can be had again', async () => {
    const file = makeJpeg(8, 8);
    gpu.fault('op:kernel', 1, 700);
    await expect(decodeJpeg(file, { device: 'cuda:1' })).rejects.toMatchObject({
      code: 'ERR_TRT_CUDA_DEVICE_LOST',
    });
    const again = await decodeJpeg(file, { device: 'cuda:1' });
    expect(await pixelsOf(again)).toEqual(expectedPixels(file, 8, 8));
  });
});
