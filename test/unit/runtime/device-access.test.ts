// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, it, vi } from 'vitest';
import { askDeviceMemory, uploadTensorTo, type DeviceAddon } from '../../../lib/runtime/device-access';
import { DRIVER_VARIABLE, driverLibrary } from '../../../lib/runtime/driver-library';
import { FakeDeviceTensor, nativeError } from '../../fake-backend';
import { oneGpu } from '../../fake-machine';

afterEach(() => vi.unstubAllEnvs());

function fakeAddon() {
  const requests: unknown[] = [];
  const missing = () => Promise.reject(nativeError('ERR_TRT_RUN_DEVICE', 'no device 7'));
  const addon: DeviceAddon = {
    uploadTensor: (request) => {
      requests.push(request);
      const { type, dims, data, device } = request;
      return device === 7 ? missing() : Promise.resolve(new FakeDeviceTensor(type, [...dims], data, device));
    },
    deviceMemory: (device, driver) => {
      requests.push([device, driver]);
      return device === 7 ? missing() : Promise.resolve({ free: 1, total: 2 });
    },
    probeCuda: () => Promise.resolve(oneGpu()),
  };
  return { requests, addon: () => addon };
}

const tensor = { type: 'float32', data: Float32Array.of(1, 2), dims: [1, 2] } as const;

describe('uploadTensor()', () => {
  it('gives a tensor on the device', async () => {
    vi.stubEnv(DRIVER_VARIABLE, 'libcuda.so.2');
    const { addon, requests } = fakeAddon();
    const uploaded = await uploadTensorTo(tensor, { device: 'cuda:1' }, addon);
    expect(uploaded).toMatchObject({ type: 'float32', dims: [1, 2], device: 'cuda:1', bytes: 8 });
    expect(requests).toEqual([{ ...tensor, device: 1, driverLibrary: 'libcuda.so.2' }]);
  });

  it('takes the array as it is at the call, also where the addon has to be opened first', async () => {
    const { addon, requests } = fakeAddon();
    for (const source of [addon, () => Promise.resolve(addon())]) {
      const bytes = Buffer.from([0, 1, 2, 3]).subarray(1, 3);
      const dims = [2];
      const upload = uploadTensorTo({ type: 'uint8', data: bytes, dims }, {}, source);
      const sent = requests.length;
      bytes.fill(9);
      dims[0] = 7;
      await upload;
      // An open addon has copied the array by now.
      if (sent === 0) expect(requests.at(-1)).toMatchObject({ dims: [2], data: Buffer.from([1, 2]) });
      else requests.length = 0;
    }
    expect(requests).toHaveLength(1);
  });

  it.each<[unknown, string]>([
    [null, 'ERR_TRT_ARG_TYPE'],
    [Float32Array.of(1), 'ERR_TRT_ARG_TYPE'],
    [{ ...tensor, dims: 2 }, 'ERR_TRT_ARG_TYPE'],
    [{ ...tensor, type: 'float' }, 'ERR_TRT_ARG_VALUE'],
    [{ ...tensor, type: 'string', data: ['a', 'b'] }, 'ERR_TRT_ARG_VALUE'],
    [{ ...tensor, type: 'int32' }, 'ERR_TRT_RUN_INPUT_TYPE'],
    [{ ...tensor, dims: [3] }, 'ERR_TRT_RUN_INPUT_SIZE'],
    [{ ...tensor, dims: [-2] }, 'ERR_TRT_RUN_INPUT_SHAPE'],
  ])('refuses %j', async (wrong, code) => {
    await expect(uploadTensorTo(wrong as never, {}, fakeAddon().addon)).rejects.toMatchObject({ code });
  });

  it('names the devices that there are', async () => {
    const { addon } = fakeAddon();
    const missing = { code: 'ERR_TRT_RUN_DEVICE', message: expect.stringContaining('cuda:0 is Fake GPU') };
    await expect(uploadTensorTo(tensor, { device: 'cuda:7' }, addon)).rejects.toMatchObject(missing);
    await expect(askDeviceMemory('cuda:7', addon)).rejects.toMatchObject(missing);
    const wrong = uploadTensorTo(tensor, { device: 'gpu' as never }, addon);
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
  });
});

describe('deviceMemory()', () => {
  it('asks the driver that was named', async () => {
    vi.stubEnv(DRIVER_VARIABLE, '/wsl/libcuda.so.1');
    const { addon, requests } = fakeAddon();
    expect(await askDeviceMemory('cuda:0', addon)).toEqual({ freeBytes: 1, totalBytes: 2 });
    expect(requests).toEqual([[0, '/wsl/libcuda.so.1']]);
  });
});

describe('driverLibrary()', () => {
  it.each([
    [{}, undefined],
    [{ [DRIVER_VARIABLE]: '' }, undefined],
    [{ [DRIVER_VARIABLE]: 'libcuda.so.1' }, 'libcuda.so.1'],
    [{ [DRIVER_VARIABLE]: './x/libcuda.so.1' }, `${process.cwd()}/x/libcuda.so.1`],
  ])('%j gives %s', (env, expected) => {
    expect(driverLibrary(env)).toBe(expected);
  });
});
