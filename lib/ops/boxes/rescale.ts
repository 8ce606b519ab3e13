// SPDX-License-Identifier: Apache-2.0
import { integer, isPlainObject, rejectUnknownOptions, typeError, valueError } from '../../option-checks';
import { Tensor } from '../../runtime/tensor';
import type { ImageTransform } from '../image/transform';
import { OPERATOR_OPTIONS, runOperator, type OperatorOptions } from '../run-operator';
import {
  formatSpec,
  requireRank,
  requireSpec,
  requireType,
  specOf,
  tensorError,
  type OperatorPlan,
  type OperatorTensor,
  type Placed,
  type TensorSpec,
} from '../tensor-spec';
import { finite, positive } from './box-checks';

const FIELDS = ['scaleX', 'scaleY', 'offsetX', 'offsetY', 'width', 'height'] as const;
const MAX_SIZE = 65_535;

/** Options of {@link rescaleMasks} that its plan depends on. */
export interface RescaleMasksSettings {
  /** Of the model's input, over which the masks lie: `{ width: 640, height: 640 }`. */
  model: { readonly width: number; readonly height: number };
  /** Of the original image: how large the masks become. */
  image: { readonly width: number; readonly height: number };
  /** Logits above this are inside. Default: 0, a probability of one half. */
  threshold?: number;
  /** What a pixel inside gets, 1 to 255; one outside gets 0. Default: 1. */
  inside?: number;
}

/** Options of {@link rescaleMasks}. */
export interface RescaleMasksOptions extends Omit<RescaleMasksSettings, 'image'>, OperatorOptions {
  /** From the image that the masks are of to the model's input. */
  transform: ImageTransform;
}

/**
 * Transforms as the operators of this file take them from chains: `[N, 6]`, `float32`, a row for each image.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE` for scales that are not positive, sizes below 0, and
 *   numbers that are not finite.
 */
export function imageTransformTensor(
  transforms: ImageTransform | readonly ImageTransform[],
): Tensor<Float32Array> {
  const list = Array.isArray(transforms)
    ? (transforms as readonly ImageTransform[])
    : [transforms as ImageTransform];
  const rows = list.flatMap((transform, index) => {
    const name = Array.isArray(transforms) ? `transforms[${index}]` : 'transform';
    if (!isPlainObject(transform)) throw typeError(name, transform, `an object { ${FIELDS.join(', ')} }`);
    return FIELDS.map((field) => {
      const value = transform[field];
      (field.startsWith('scale') ? positive : finite)(`${name}.${field}`, value);
      if ((field === 'width' || field === 'height') && value < 0)
        throw valueError(`${name}.${field}`, value, 'at least 0');
      return value;
    });
  });
  return new Tensor('float32', [list.length, FIELDS.length], Float32Array.from(rows));
}

/**
 * Plans {@link rescaleBoxes}: what a chain needs to know of it.
 *
 * @param specs - Of the boxes, and of the transforms as {@link imageTransformTensor} makes them.
 * @throws {TensorRTError} `ERR_TRT_ARG_TENSOR`
 */
export function planRescaleBoxes([boxes, transforms]: readonly [TensorSpec, TensorSpec]): OperatorPlan {
  if (boxes.dims.at(-1) !== 4)
    throw tensorError({ operator: 'rescaleBoxes', argument: 'boxes' }, '[..., 4]', formatSpec(boxes));
  return planCoordinates('rescaleBoxes', { values: boxes, transforms, coordinates: 4 });
}

/**
 * Plans {@link rescaleKeypoints}: what a chain needs to know of it.
 *
 * @param specs - Of the points, and of the transforms as {@link imageTransformTensor} makes them.
 * @throws {TensorRTError} `ERR_TRT_ARG_TENSOR`
 */
export function planRescaleKeypoints([points, transforms]: readonly [TensorSpec, TensorSpec]): OperatorPlan {
  if ((points.dims.at(-1) ?? 0) < 2)
    throw tensorError(
      { operator: 'rescaleKeypoints', argument: 'points' },
      '[..., 2] or more numbers a point',
      formatSpec(points),
    );
  return planCoordinates('rescaleKeypoints', { values: points, transforms, coordinates: 2 });
}

interface Coordinates {
  readonly values: TensorSpec;
  readonly transforms: TensorSpec;
  readonly coordinates: number;
}

function planCoordinates(operator: string, { values, transforms, coordinates }: Coordinates): OperatorPlan {
  const name = { operator, argument: operator === 'rescaleBoxes' ? 'boxes' : 'points' };
  requireType(values, ['float32'], name);
  requireRank(values, [2, Infinity], name);
  const images = values.dims[0]!;
  const rows = transforms.dims[0]!;
  requireSpec(
    transforms,
    { type: 'float32', dims: [rows, FIELDS.length] },
    { operator, argument: 'transforms' },
  );
  if (rows !== 1 && rows !== images)
    throw tensorError(
      { operator, argument: 'transforms' },
      images === 1 ? 'one' : `one, or one for each of ${images} images`,
      `${rows}`,
    );
  return {
    operator: 'rescaleCoordinates',
    attributes: { coordinates },
    outputs: [{ type: 'float32', dims: values.dims }],
  };
}

/**
 * Boxes in a model's coordinates to those of the original images: `(corner - offset) / scale`, then clipped to the image,
 * `0 .. width` and `0 .. height`. NaN stays; infinite corners go to the borders.
 *
 * @param boxes - `[N, ..., 4]`, `float32`, x1, y1, x2, y2.
 * @param transforms - That of each image, as preprocessing gives it, or one for all. Used in float32.
 * @returns New boxes of the same dims.
 * @throws {TensorRTError} `ERR_TRT_ARG_*` for options, transforms and tensors that do not fit; as every operator for
 *   device tensors and aborted calls.
 */
export async function rescaleBoxes<B extends OperatorTensor>(
  boxes: B,
  transforms: ImageTransform | readonly ImageTransform[],
  options: OperatorOptions = {},
): Promise<Placed<B, Float32Array>> {
  rejectUnknownOptions('rescaleBoxes', options, OPERATOR_OPTIONS);
  const rows = imageTransformTensor(transforms);
  const plan = planRescaleBoxes([specOf(boxes, { operator: 'rescaleBoxes', argument: 'boxes' }), rows]);
  const [rescaled] = await runOperator({ ...plan, inputs: [boxes, rows] }, options);
  return rescaled as Placed<B, Float32Array>;
}

/**
 * Keypoints in a model's coordinates to those of the original images, as {@link rescaleBoxes} does it.
 *
 * @param points - `[N, ..., P]`, `float32`: x, y, and what else there is of a point, which stays as it is (a score).
 * @param transforms - That of each image, or one for all.
 * @returns New points of the same dims.
 * @throws {TensorRTError} As {@link rescaleBoxes}.
 */
export async function rescaleKeypoints<P extends OperatorTensor>(
  points: P,
  transforms: ImageTransform | readonly ImageTransform[],
  options: OperatorOptions = {},
): Promise<Placed<P, Float32Array>> {
  rejectUnknownOptions('rescaleKeypoints', options, OPERATOR_OPTIONS);
  const rows = imageTransformTensor(transforms);
  const plan = planRescaleKeypoints([
    specOf(points, { operator: 'rescaleKeypoints', argument: 'points' }),
    rows,
  ]);
  const [rescaled] = await runOperator({ ...plan, inputs: [points, rows] }, options);
  return rescaled as Placed<P, Float32Array>;
}

/**
 * Plans {@link rescaleMasks}: what a chain needs to know of it.
 *
 * @param specs - Of the logits, the boxes, and the transform as {@link imageTransformTensor} makes it.
 * @throws {TensorRTError} As {@link rescaleMasks}.
 */
export function planRescaleMasks(
  [logits, boxes, transform]: readonly [TensorSpec, TensorSpec, TensorSpec],
  { model, image, threshold = 0, inside = 1 }: RescaleMasksSettings,
): OperatorPlan {
  const operator = 'rescaleMasks';
  for (const [name, size] of Object.entries({ model, image })) {
    if (!isPlainObject(size)) throw typeError(name, size, 'an object { width, height }');
    integer(1, MAX_SIZE)(`${name}.width`, size.width);
    integer(1, MAX_SIZE)(`${name}.height`, size.height);
  }
  finite('threshold', threshold);
  integer(1, 255)('inside', inside);
  requireType(logits, ['float32', 'float16', 'bfloat16'], { operator, argument: 'the masks' });
  requireRank(logits, [3, 3], { operator, argument: 'the masks' });
  const [masks, height, width] = logits.dims as [number, number, number];
  if (height < 1 || width < 1)
    throw tensorError({ operator, argument: 'the masks' }, 'masks of at least one pixel', formatSpec(logits));
  requireSpec(boxes, { type: 'float32', dims: [masks, 4] }, { operator, argument: 'boxes' });
  requireSpec(transform, { type: 'float32', dims: [1, FIELDS.length] }, { operator, argument: 'transform' });
  return {
    operator,
    attributes: { modelWidth: model.width, modelHeight: model.height, threshold, inside },
    outputs: [{ type: 'uint8', dims: [masks, image.height, image.width] }],
  };
}

/**
 * Masks of one image's detections, from logits over the model's input to pixels of the original image.
 *
 * The logit of a pixel is interpolated linearly in both directions at `((pixel + 0.5) * scale + offset) * masks' size /
 * model's size - 0.5`, bounded to the logits that there are. A pixel is inside where its logit exceeds `threshold` and
 * its column and row are in its detection's box: `x1 <= column < x2`, `y1 <= row < y2`. NaN is outside, and so is all of
 * a box with a NaN corner.
 *
 * @param logits - `[K, h, w]`, `float32`, `float16` or `bfloat16`: of a prototype network, the products of a detection's
 *   coefficients and the prototypes.
 * @param boxes - `[K, 4]`, `float32`, in the image's coordinates: what {@link rescaleBoxes} gives.
 * @returns `uint8` `[K, height, width]` of the whole image.
 * @throws {TensorRTError} `ERR_TRT_ARG_*` for options and tensors that do not fit; as every operator for device tensors
 *   and aborted calls.
 * @see D. Bolya et al., "YOLACT", 2019, section 3; `torch.nn.functional.interpolate` with `align_corners=False`.
 */
export async function rescaleMasks<M extends OperatorTensor>(
  logits: M,
  boxes: OperatorTensor,
  options: RescaleMasksOptions,
): Promise<Placed<M, Uint8Array>> {
  const operator = 'rescaleMasks';
  rejectUnknownOptions(operator, options, [...OPERATOR_OPTIONS, 'transform', 'model', 'threshold', 'inside']);
  const { transform, model, threshold, inside, ...rest } = options;
  if (Array.isArray(transform)) throw typeError('transform', transform, 'one transform');
  const row = imageTransformTensor(transform);
  const specs = [
    specOf(logits, { operator, argument: 'the masks' }),
    specOf(boxes, { operator, argument: 'boxes' }),
    row,
  ] as const;
  const image = { width: transform.width, height: transform.height };
  const plan = planRescaleMasks(specs, { model, image, threshold, inside });
  const [masks] = await runOperator({ ...plan, inputs: [logits, boxes, row] }, rest);
  return masks as Placed<M, Uint8Array>;
}
