// SPDX-License-Identifier: Apache-2.0
import type { NativeAddon } from '../../binding/contract';
import { fromNativeError } from '../../binding/native-error';
import { openAddon } from '../../binding/open-addon';
import { TensorRTError } from '../../errors';
import { integer, typeError, valueError } from '../../option-checks';
import { checkCallOptions } from '../../runtime/call-options';
import { DeviceTensor } from '../../runtime/device-tensor';
import { driverLibrary } from '../../runtime/driver-library';
import { isGpuName, ordinalOf, requireGpu, type GpuName } from '../../runtime/gpu-device';
import { locateNvjpeg, type NvjpegSearch } from '../../runtime/nvjpeg-library';
import { Turns } from './decode-turns';

/** Options of {@link decodeJpeg}. */
export interface DecodeJpegOptions {
  /** The GPU that decodes, and keeps the pixels. Default: `'cuda:0'`. */
  device?: GpuName;
  /** Pixels, at most; a file whose head says more is refused before anything is decoded. Default: 100 million. */
  maxPixels?: number;
  /** Withdraws the call while it waits for its turn. A file that is being decoded is not stopped. */
  signal?: AbortSignal;
}

const OPTION_NAMES = [
  'device',
  'maxPixels',
  'signal',
] as const satisfies readonly (keyof DecodeJpegOptions)[];

/** Pixels of an image, at most, unless told: 100 megapixels are 300 MB of memory. */
export const DEFAULT_MAX_PIXELS = 100_000_000;

const checkMaxPixels = integer(1, 2 ** 32);

/** The addon's functions used here; tests replace them. */
export type JpegAddon = Pick<NativeAddon, 'decodeJpeg' | 'probeCuda'>;

/**
 * Each has a thread, and memory on the device for intermediate values. More of them at once decode no faster: they share
 * the device's decoding units or its cores.
 */
const turns = new Turns(4);

/**
 * Decodes a JPEG file on a GPU with nvJPEG, off the event loop, to interleaved RGB: `uint8` `[height, width, 3]`. The
 * bytes are copied before it returns. Take the result as the pixels of an image: `{ data: tensor, width, height, format:
 * 'rgb' }`. Up to four files are decoded at once, others wait.
 *
 * nvJPEG is opened at the first call: the library of `TENSORRT_NODE_NVJPEG_LIBRARY`, else of the Python packages
 * `nvidia-nvjpeg` and `nvidia-nvjpeg-cu12`, of the loader's path or of an installed CUDA; version 13 or 12. It stays open,
 * and keeps memory on the device as large as the largest files that were decoded.
 *
 * Levels differ a little from those of other decoders, which round in another way. Neither the Exif orientation nor a colour
 * profile is applied. Refused are files that were cut off, which nvJPEG itself would fill up with grey, and those with other
 * than one or three components (CMYK) or other than eight bits.
 *
 * @param bytes - The whole file.
 * @throws {TensorRTError} `ERR_TRT_ARG_*`; `ERR_TRT_LOAD_NVJPEG_NOT_FOUND`; `ERR_TRT_RUN_IMAGE_DECODE` for a file that is
 *   no JPEG, is cut off or not supported, with nvJPEG's `details.status`; `ERR_TRT_RUN_IMAGE_LIMIT`,
 *   `ERR_TRT_RUN_ABORTED`, `ERR_TRT_RUN_DEVICE`, `ERR_TRT_CUDA_*`.
 * @example
 * ```ts
 * using pixels = await decodeJpeg(await readFile('cat.jpg'), { device: 'cuda:0' });
 * const [height, width] = pixels.dims;
 * ```
 */
export async function decodeJpeg(bytes: Uint8Array, options: DecodeJpegOptions = {}): Promise<DeviceTensor> {
  return decodeJpegWith(bytes, options);
}

/** {@link decodeJpeg} with another addon and another machine, for tests. */
export async function decodeJpegWith(
  bytes: Uint8Array,
  options: DecodeJpegOptions,
  addonSource: () => JpegAddon | Promise<JpegAddon> = openAddon,
  locate: () => Promise<NvjpegSearch> = locateNvjpeg,
): Promise<DeviceTensor> {
  if (!(bytes instanceof Uint8Array))
    throw typeError('bytes', bytes, 'the bytes of a JPEG file (Uint8Array)');
  checkCallOptions('decodeJpeg', options, OPTION_NAMES);
  const { device = 'cuda:0', maxPixels = DEFAULT_MAX_PIXELS, signal } = options;
  if (!isGpuName(device)) throw valueError('device', device, "'cuda:N'");
  checkMaxPixels('maxPixels', maxPixels);
  // The slice() of typed arrays: that of a Buffer copies nothing. None of an array that was transferred away.
  const data = bytes.length === 0 ? new Uint8Array(0) : Uint8Array.prototype.slice.call(bytes);
  await turns.enter(signal);
  try {
    const [addon, search] = await Promise.all([addonSource(), locate()]);
    const driver = driverLibrary();
    const request = {
      ...(driver === undefined ? {} : { driverLibrary: driver }),
      device: ordinalOf(device),
      libraries: search.libraries,
      data,
      maxPixels,
    };
    return new DeviceTensor(await explained(addon.decodeJpeg(request), { addon, device, search }));
  } finally {
    turns.leave();
  }
}

/** A device that does not exist is answered with those that do, a missing library with all places that were looked at. */
async function explained<T>(
  call: Promise<T>,
  { addon, device, search }: { addon: JpegAddon; device: GpuName; search: NvjpegSearch },
): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const failure = fromNativeError(error, 'ERR_TRT_CUDA_CALL');
    if (failure.code === 'ERR_TRT_RUN_DEVICE') requireGpu(device, await addon.probeCuda(driverLibrary()));
    if (failure.code !== 'ERR_TRT_LOAD_NVJPEG_NOT_FOUND') throw failure;
    const folders = search.tried.map(({ path, reason }) => `${path}: ${reason}`);
    const tried = [...(failure.details.tried as readonly string[]), ...folders];
    throw new TensorRTError(failure.code, failure.message, { details: { ...failure.details, tried } });
  }
}
