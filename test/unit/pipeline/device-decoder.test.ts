// SPDX-License-Identifier: Apache-2.0
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { TensorRTError, type TensorRTErrorCode } from '../../../lib/errors';
import { openImage } from '../../../lib/pipeline/decode/decode-image';
import { DeviceDecoder } from '../../../lib/pipeline/decode/device-decoder';

const picture = () =>
  sharp({ create: { width: 6, height: 4, channels: 3, background: { r: 9, g: 8, b: 7 } } });

function decoder(code: TensorRTErrorCode | null, isRequired = false): DeviceDecoder {
  const decodeFile = (): Promise<never> =>
    code === null
      ? Promise.resolve({ dims: [4, 6, 3] } as never)
      : Promise.reject(new TensorRTError(code, 'refused'));
  return new DeviceDecoder({ device: 'cuda:0', autoOrient: true, maxPixels: 100, isRequired, decodeFile });
}

describe('DeviceDecoder', () => {
  it('takes JPEG files that need no turning', async () => {
    const upright = openImage(await picture().jpeg().toBuffer(), 0, 100);
    const turned = openImage(await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer(), 0, 100);
    const png = openImage(await picture().png().toBuffer(), 0, 100);
    expect([upright, turned, png].map((image) => decoder(null).takes(image))).toEqual([true, false, false]);
    expect(await decoder(null).decode(upright, undefined)).toMatchObject({
      width: 6,
      height: 4,
      format: 'rgb',
    });
  });

  it('leaves to sharp what nvJPEG does not know, and all where it is missing', async () => {
    const image = openImage(await picture().jpeg().toBuffer(), 0, 100);
    const unknown = decoder('ERR_TRT_RUN_IMAGE_DECODE');
    expect(await unknown.decode(image, undefined)).toBeUndefined();
    expect(unknown.takes(image)).toBe(true);
    const missing = decoder('ERR_TRT_LOAD_NVJPEG_NOT_FOUND');
    expect(await missing.decode(image, undefined)).toBeUndefined();
    expect(missing.takes(image)).toBe(false);
  });

  it('fails where nvJPEG was asked for, and for what sharp cannot help', async () => {
    const image = openImage(await picture().jpeg().toBuffer(), 5, 100);
    await expect(
      decoder('ERR_TRT_LOAD_NVJPEG_NOT_FOUND', true).decode(image, undefined),
    ).rejects.toMatchObject({
      code: 'ERR_TRT_LOAD_NVJPEG_NOT_FOUND',
    });
    await expect(decoder('ERR_TRT_RUN_IMAGE_DECODE', true).decode(image, undefined)).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_IMAGE_DECODE',
      details: { index: 5 },
    });
    await expect(decoder('ERR_TRT_CUDA_OUT_OF_MEMORY').decode(image, undefined)).rejects.toMatchObject({
      code: 'ERR_TRT_CUDA_OUT_OF_MEMORY',
    });
  });
});
