// SPDX-License-Identifier: Apache-2.0
// JPEG files that are decoded on the GPU, where nvJPEG is.

import { TensorRTError } from '../../errors';
import { decodeJpeg } from '../../ops/image/decode-jpeg';
import type { RawImage } from '../../ops/image/raw-image';
import { jpegOrientation } from '../../ops/image/jpeg-orientation';
import type { DeviceTensor } from '../../runtime/device-tensor';
import type { GpuName } from '../../runtime/gpu-device';
import type { EncodedImage } from './decode-image';

/** What a decoder is made of. */
export interface DeviceDecoderParts {
  readonly device: GpuName;
  /** Whether nvJPEG must be there. */
  readonly isRequired: boolean;
  readonly autoOrient: boolean;
  readonly maxPixels: number;
  /** Replaced by tests. */
  readonly decodeFile?: typeof decodeJpeg;
}

/** Decodes with nvJPEG what it can; the rest is sharp's. */
export class DeviceDecoder {
  readonly #parts: DeviceDecoderParts;
  #isMissing = false;

  constructor(parts: DeviceDecoderParts) {
    this.#parts = parts;
  }

  /** JPEG files that need no turning: nvJPEG does not turn. */
  takes({ head, bytes }: EncodedImage): boolean {
    if (this.#isMissing || head.kind !== 'jpeg') return false;
    return !this.#parts.autoOrient || jpegOrientation(bytes) === 1;
  }

  /**
   * Decodes a file on the device.
   *
   * @returns undefined where sharp shall do it: nvJPEG is not there and need not be, or the file is none that it knows.
   * @throws {TensorRTError} `ERR_TRT_LOAD_NVJPEG_NOT_FOUND`, `ERR_TRT_RUN_IMAGE_DECODE`, `ERR_TRT_CUDA_*`
   */
  async decode(
    { bytes, index }: EncodedImage,
    signal: AbortSignal | undefined,
  ): Promise<RawImage<DeviceTensor> | undefined> {
    const { device, maxPixels, isRequired, decodeFile = decodeJpeg } = this.#parts;
    try {
      const data = await decodeFile(bytes, {
        device,
        maxPixels,
        ...(signal === undefined ? {} : { signal }),
      });
      const [height, width] = data.dims as [number, number];
      return { data, width, height, format: 'rgb' };
    } catch (error) {
      if (!(error instanceof TensorRTError)) throw error;
      const { code, message, details } = error;
      if (code === 'ERR_TRT_LOAD_NVJPEG_NOT_FOUND' && !isRequired) {
        this.#isMissing = true;
        return undefined;
      }
      if (code !== 'ERR_TRT_RUN_IMAGE_DECODE') throw error;
      if (!isRequired) return undefined;
      throw new TensorRTError(code, `Image ${index} cannot be decoded: ${message}`, {
        details: { ...details, index },
        cause: error,
      });
    }
  }
}
