// SPDX-License-Identifier: Apache-2.0
// Images of a call: checked, decoded, uploaded where the model is, and made into its input.

import { TensorRTError } from '../../errors';
import { uploadTensor } from '../../index';
import { describeType } from '../../option-checks';
import { preprocessImages } from '../../ops/image/preprocess';
import type { PreprocessSettings } from '../../ops/image/preprocess-options';
import { checkImage, pixelsOf, type PixelData, type RawImage } from '../../ops/image/raw-image';
import { DeviceTensor } from '../../runtime/device-tensor';
import { openImage, type EncodedImage } from '../decode/decode-image';
import type { DeviceDecoder } from '../decode/device-decoder';
import type { PipelineImage } from '../results';
import { operatorOptions, type InputStage, type PreparedBatch, type StageContext } from './stage';

/** An image of a call. */
export type CheckedPipelineImage = RawImage | EncodedImage;

/** What an image stage is made of. */
export interface ImageStageParts {
  readonly settings: PreprocessSettings;
  readonly maxPixels: number;
  /** Where the model runs. */
  readonly device: string;
  /** Decodes a file; opens its decoder at the first one. */
  decode(image: EncodedImage): Promise<RawImage>;
  /** On a GPU: decodes files there. */
  readonly deviceDecoder?: DeviceDecoder | undefined;
}

/** Stands for the images that a batch of fixed size lacks. */
const PADDING: RawImage<Uint8Array> = { data: new Uint8Array(3), width: 1, height: 1, format: 'rgb' };

/** Images to the model's input. */
export class ImageInput implements InputStage<PipelineImage, CheckedPipelineImage> {
  readonly #parts: ImageStageParts;

  constructor(parts: ImageStageParts) {
    this.#parts = parts;
  }

  check(inputs: readonly PipelineImage[]): CheckedPipelineImage[] {
    return inputs.map((input: unknown, index) => {
      if (input instanceof Uint8Array) return openImage(input, index, this.#parts.maxPixels);
      if (typeof input !== 'object' || input === null || ArrayBuffer.isView(input))
        throw new TensorRTError(
          'ERR_TRT_ARG_TYPE',
          `Image ${index} must be the bytes of a file (Uint8Array) or { data, width, height, format }, not ${describeType(input)}.`,
          { details: { index, received: describeType(input) } },
        );
      return this.#checkRaw(input as RawImage, index);
    });
  }

  #checkRaw(image: RawImage, index: number): RawImage {
    pixelsOf(image, checkImage(image, index), index);
    const { device } = this.#parts;
    const { data } = image;
    if (!(data instanceof DeviceTensor) || data.device === device) return image;
    throw new TensorRTError(
      'ERR_TRT_RUN_DEVICE_TENSOR',
      `Image ${index} is on ${data.device}, but the pipeline runs on ${device}.`,
      { details: { index, device: data.device, pipelineDevice: device } },
    );
  }

  /** Sizes may differ. */
  groupOf(): string {
    return '';
  }

  decode(images: readonly CheckedPipelineImage[]): Promise<CheckedPipelineImage[]> {
    const { deviceDecoder } = this.#parts;
    return Promise.all(
      images.map(async (image) =>
        'bytes' in image && deviceDecoder?.takes(image) !== true ? this.#parts.decode(image) : image,
      ),
    );
  }

  async prepare(
    images: readonly CheckedPipelineImage[],
    batch: number,
    context: StageContext,
  ): Promise<PreparedBatch> {
    const padding = Array<RawImage>(batch - images.length).fill(PADDING);
    const { scope } = context;
    const decoded = await Promise.all(images.map((image) => this.#decodeThere(image, context)));
    const all = [...decoded, ...padding];
    const placed = context.device === 'cpu' ? all : await uploadAll(all, context);
    const { tensor, transforms } = await preprocessImages<PixelData>(placed, {
      ...this.#parts.settings,
      ...operatorOptions(context),
    });
    return { feed: scope.keep(tensor), transforms };
  }

  /** What was left for the device. */
  async #decodeThere(image: CheckedPipelineImage, { signal, scope }: StageContext): Promise<RawImage> {
    if (!('bytes' in image)) return image;
    const found = await this.#parts.deviceDecoder?.decode(image, signal);
    if (found === undefined) return this.#parts.decode(image);
    scope.keep(found.data);
    return found;
  }
}

/** Each image's bytes to the device, once. */
function uploadAll(images: readonly RawImage[], { device, scope }: StageContext): Promise<RawImage[]> {
  return Promise.all(
    images.map(async (image) => {
      const { data } = image;
      if (data instanceof DeviceTensor) return image;
      const bytes = ArrayBuffer.isView(data) ? data : data.data;
      const tensor = await uploadTensor(
        {
          type: 'uint8',
          data: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
          dims: [bytes.byteLength],
        },
        { device: device as `cuda:${number}` },
      );
      return { ...image, data: scope.keep(tensor) };
    }),
  );
}
