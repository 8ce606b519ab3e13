// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { selectLibrary } from '../../../lib/runtime/select-library';
import { brokenDriver, machine, noDriver, oneGpu } from '../../fake-machine';
import { rejection } from '../../temporary-folder';

const both = { 'libnvinfer.so.10': 101601, 'libnvinfer.so.11': 110201, 'libtensorrt_rtx.so.1': 10701 };

describe('selectLibrary', () => {
  it('takes the newest TensorRT where there is a GPU', async () => {
    const context = machine(both, oneGpu());
    expect(await selectLibrary('auto', undefined, context)).toMatchObject({
      family: 'tensorrt-11',
      library: join(context.folder, 'libnvinfer.so.11'),
      parserLibrary: join(context.folder, 'libnvonnxparser.so.11'),
      version: '11.2.1',
      libraryBytes: 'libnvinfer.so.11'.length,
    });
  });

  it('takes TensorRT-RTX without one, and opens nothing else', async () => {
    const context = machine(both, noDriver());
    expect((await selectLibrary('auto', undefined, context)).family).toBe('tensorrt-rtx');
    expect(context.opened).toEqual([join(context.folder, 'libtensorrt_rtx.so.1')]);
  });

  it('takes TensorRT-RTX with a GPU when nothing else is there, or when it is asked for', async () => {
    const rtx = { 'libtensorrt_rtx.so.1': 10701 };
    expect((await selectLibrary('auto', undefined, machine(rtx, oneGpu()))).family).toBe('tensorrt-rtx');
    expect((await selectLibrary('tensorrt-rtx', undefined, machine(both, oneGpu()))).family).toBe(
      'tensorrt-rtx',
    );
  });

  it('takes a library by its path alone', async () => {
    const context = machine({ ...both, 'mine.so': 100600 }, oneGpu());
    const library = join(context.folder, 'mine.so');
    expect(await selectLibrary('auto', library, context)).toMatchObject({ library, family: 'tensorrt-10' });
    expect(context.opened).toEqual([library]);
  });

  it.each([
    ['not-found', 'ERR_TRT_CUDA_DRIVER_NOT_FOUND'],
    ['no-device', 'ERR_TRT_CUDA_NO_DEVICE'],
    ['too-old', 'ERR_TRT_CUDA_DRIVER_TOO_OLD'],
    ['mismatch', 'ERR_TRT_CUDA_DRIVER_MISMATCH'],
    ['error', 'ERR_TRT_CUDA_INIT'],
  ] as const)('TensorRT with driver status %s is %s', async (status, code) => {
    const context = machine(both, brokenDriver(status));
    expect(await rejection(selectLibrary('tensorrt', undefined, context))).toMatchObject({
      code,
      details: { status },
    });
    expect(context.opened).toEqual([]);
    // The same if TensorRT is all there is.
    const alone = machine({ 'libnvinfer.so.10': 101601 }, brokenDriver(status));
    expect(await rejection(selectLibrary('auto', undefined, alone))).toMatchObject({ code });
  });

  it('a driver that counts no GPU is as good as none', async () => {
    const idle = { ...oneGpu(), devices: [] };
    expect(await rejection(selectLibrary('tensorrt', undefined, machine(both, idle)))).toMatchObject({
      code: 'ERR_TRT_CUDA_NO_DEVICE',
    });
  });

  it('lists every path tried when there is nothing', async () => {
    const context = machine({});
    const error = await rejection(selectLibrary('auto', undefined, context));
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_TENSORRT_NOT_FOUND' });
    const { tried } = error.details as { tried: { path: string }[] };
    expect(tried.map(({ path }) => path)).toEqual(
      expect.arrayContaining([context.folder, 'libtensorrt_rtx.so.1', 'libnvinfer.so.11']),
    );
    expect(error.message).toContain(context.folder);
    expect(error.hint).toContain('pip install tensorrt-rtx');
    expect(await rejection(selectLibrary('tensorrt', undefined, machine({}, oneGpu())))).toMatchObject({
      hint: expect.stringContaining('tensorrt-cu13') as string,
    });
  });

  it.each([
    ['libtensorrt_rtx.so.1', 10400],
    ['libnvinfer.so.8', 8601],
    ['libnvinfer.so.12', 120000],
  ])('names an unsupported library, %s version %i', async (name, version) => {
    const error = await rejection(selectLibrary('auto', undefined, machine({ [name]: version }, oneGpu())));
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_TENSORRT_UNSUPPORTED' });
    expect(error.message).toContain(String(version));
  });

  it('passes the message of the loader on for a broken library', async () => {
    const context = machine({ 'libtensorrt_rtx.so.1': 'file too short' });
    const error = await rejection(selectLibrary('auto', undefined, context));
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_TENSORRT_BROKEN' });
    expect(error.message).toContain('file too short');
  });

  it('asks for the ONNX parser beside the library', async () => {
    const context = machine({ 'libtensorrt_rtx.so.1': 10701 }, noDriver(), { hasParsers: false });
    const error = await rejection(selectLibrary('auto', undefined, context));
    expect(error).toMatchObject({ code: 'ERR_TRT_LOAD_TENSORRT_BROKEN' });
    expect(error.message).toContain('libtensorrt_onnxparser_rtx.so.1');
  });

  it('opens a file again only after it changed', async () => {
    const context = machine({ 'libtensorrt_rtx.so.1': 10701 });
    await selectLibrary('auto', undefined, context);
    await selectLibrary('auto', undefined, context);
    expect(context.opened).toHaveLength(1);
    writeFileSync(join(context.folder, 'libtensorrt_rtx.so.1'), 'another build');
    await selectLibrary('auto', undefined, context);
    expect(context.opened).toHaveLength(2);
  });
});
