// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { describeType, valueError } from '../../option-checks';
import type { DeviceTensor } from '../../runtime/device-tensor';
import { Tensor } from '../../runtime/tensor';
import { elementArray } from '../../tensor/element-arrays';
import { runOperator } from '../run-operator';
import type { OperatorPlan } from '../tensor-spec';
import {
  readPreprocessOptions,
  type PreprocessOptions,
  type PreprocessPlanSettings,
} from './preprocess-options';
import {
  checkImage,
  IMAGE_FORMATS,
  pixelsOf,
  type CheckedImage,
  type ImageSpec,
  type PixelData,
  type RawImage,
} from './raw-image';
import { placeImage, transformOf, type ImageTransform, type Placement } from './transform';

/**
 * A batch as a model takes it.
 *
 * @typeParam D - What held the pixels.
 */
export interface PreprocessedImages<D extends PixelData = PixelData> {
  /** `[N, C, H, W]`, or `[N, H, W, C]`. On the device of the pixels, if they were on one. */
  readonly tensor: D extends DeviceTensor ? DeviceTensor : Tensor;
  /** For each image, how to get from the model's pixels to the image's. */
  readonly transforms: readonly ImageTransform[];
}

/** A plan of {@link preprocessImages}, with what is known before any pixel. */
export interface PreprocessPlan extends OperatorPlan {
  /** For each image, how to get from the model's pixels to the image's. */
  readonly transforms: readonly ImageTransform[];
}

/** Elements of a result, at most. */
const MAX_ELEMENTS = 2 ** 31 - 1;

/**
 * Plans {@link preprocessImages} for images of known sizes: what a chain needs to know of it. Its inputs are the pixels
 * of each image, `uint8`.
 *
 * @throws {TensorRTError} As {@link preprocessImages}.
 */
export function planPreprocessImages(
  images: readonly ImageSpec[],
  options: PreprocessOptions,
): PreprocessPlan {
  const settings = readPreprocessOptions(options);
  return planChecked(checkImages(images), settings);
}

function checkImages(images: readonly ImageSpec[]): CheckedImage[] {
  if (!Array.isArray(images))
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `preprocessImages() takes a list of images, not ${describeType(images)}.`,
      { details: { received: describeType(images) } },
    );
  // Not map(): it skips the holes of a list.
  return Array.from(images, (image: ImageSpec, index) => checkImage(image, index));
}

function planChecked(images: readonly CheckedImage[], settings: PreprocessPlanSettings): PreprocessPlan {
  const { size, filter, antialias, coordinates, channels, isChannelsLast, type } = settings;
  const depth = channels === 'gray' ? 1 : 3;
  if (images.length * depth * size.width * size.height > MAX_ELEMENTS)
    throw valueError(
      'size',
      size,
      `so small that ${images.length} images of ${depth} channels have ${MAX_ELEMENTS} elements at most`,
    );
  const placements = images.map((image) => placeImage(image.crop, settings));
  const plane = [size.height, size.width];
  const dims = isChannelsLast ? [images.length, ...plane, depth] : [images.length, depth, ...plane];
  const { multiply, add, fill } = settings;
  return {
    operator: 'preprocessImages',
    attributes: {
      images: images.flatMap((image, index) => numbersOf(image, placements[index]!)),
      // Pillow keeps bytes between the axes, and cuts off there what bicubic overshoots.
      clampsRows: type === 'uint8' && filter === 'bicubic' && antialias,
      ...{ filter, antialias, coordinates, channels, channelsLast: isChannelsLast, multiply, add, fill },
    },
    outputs: [{ type, dims }],
    transforms: images.map((image, index) =>
      transformOf(placements[index]!, image, coordinates === 'align-corners'),
    ),
  };
}

/** An image as `native/ops/image/preprocess_plan.cc` reads it. */
function numbersOf(image: CheckedImage, { source, target }: Placement): number[] {
  const { width, height, crop, strides } = image;
  const end = (start: number, length: number, side: number): number =>
    Math.min(side, Math.max(Math.floor(start) + 1, Math.ceil(start + length - 1e-6)));
  return [
    IMAGE_FORMATS.indexOf(image.format),
    ...[width, height, ...strides],
    image.colorMatrix === 'bt709' ? 1 : 0,
    image.colorRange === 'full' ? 1 : 0,
    ...[Math.floor(crop.x), Math.floor(crop.y)],
    ...[end(crop.x, crop.width, width), end(crop.y, crop.height, height)],
    ...[source.x, source.y, source.width, source.height],
    ...[target.x, target.y, target.width, target.height],
  ];
}

/**
 * Makes a model's input of images of any sizes and formats, in one pass over their pixels: crop, resize, colour,
 * normalisation, element type, layout and batch.
 *
 * For each output and channel: `((value * scale - mean) / std)`, `value` the resized level, 0 to 255, in float32; neither
 * it nor what lies between the two axes is rounded, so that `float32` outputs are finer than those of libraries that
 * resize bytes. `uint8` and `int8` are rounded once, ties to even, and saturated. For `uint8`, what bicubic with
 * `antialias` overshoots along a row is cut off before the columns, as Pillow does. YUV becomes RGB of 8 bits before it is
 * resized, chroma from the nearest sample; luma below 16 of the limited range counts as 16. Alpha is not used.
 *
 * Filters: at the edge of a crop its last pixel is repeated (`antialias: false`) or the filter cut (`antialias: true`);
 * pixels outside of the crop are not looked at. The bicubic coefficient is -0.75 without `antialias`, -0.5 with it.
 *
 * Bytes are read in place, off the event loop: do not change them before the promise has settled. On a GPU all pixels
 * are on one device, in one launch; results there and on the CPU are the same bits.
 *
 * @returns The tensor, `[0, C, H, W]` on the host for no images, and one transform for each image.
 * @throws {TensorRTError} `ERR_TRT_ARG_IMAGE` for sizes, strides, crops, formats and data that do not fit each other;
 *   `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION` for options, among them a result of more than
 *   2^31 - 1 elements; `ERR_TRT_ARG_TENSOR` for data of another type than uint8; as every operator for device tensors
 *   and aborted calls.
 * @see Pillow `Image.resize` (`antialias: true`), OpenCV `cv::resize` (`antialias: false`, `'area'`, and `'nearest'`
 *   with `'asymmetric'`), `cv::cvtColor`; ITU-R BT.601-7, BT.709-6.
 */
export async function preprocessImages<D extends PixelData>(
  images: readonly RawImage<D>[],
  options: PreprocessOptions,
): Promise<PreprocessedImages<D>> {
  const settings = readPreprocessOptions(options);
  const checked = checkImages(images);
  const inputs = images.map((image, index) => pixelsOf(image, checked[index]!, index));
  const { transforms, ...plan } = planChecked(checked, settings);
  if (inputs.length === 0) {
    const { type, dims } = plan.outputs[0]!;
    const empty = new Tensor(type, dims, new (elementArray(type)!.ArrayClass)(0));
    return { tensor: empty as PreprocessedImages<D>['tensor'], transforms };
  }
  const { threads, signal, out } = options;
  const [tensor] = await runOperator(
    { ...plan, inputs },
    {
      ...(threads === undefined ? {} : { threads }),
      ...(signal === undefined ? {} : { signal }),
      ...(out === undefined ? {} : { out }),
    },
  );
  return { tensor: tensor as PreprocessedImages<D>['tensor'], transforms };
}
