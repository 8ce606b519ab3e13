// SPDX-License-Identifier: Apache-2.0
import { flag, integer, oneOf, rejectUnknownOptions, valueError } from '../../option-checks';
import type { TensorLike } from '../../runtime/tensor';
import { OPERATOR_OPTIONS, runOperator, type OperatorOptions } from '../run-operator';
import {
  formatSpec,
  requireSpec,
  requireType,
  specOf,
  tensorError,
  type ArgumentName,
  type OperatorPlan,
  type OperatorTensor,
  type Placed,
  type TensorSpec,
} from '../tensor-spec';
import { fraction, positive, requireBoxes } from './box-checks';

/** Boxes, times classes with `multiLabel`, of one image: bounds the memory that sorting takes. */
const MAX_SPACE = 4_194_304;
const MAX_CANDIDATES = 100_000;

/** Options of {@link nonMaximumSuppression} that its plan depends on. */
export interface SuppressionSettings {
  /** Overlap (intersection over union) above which the worse of two boxes goes; 0 to 1. Default: 0.5. */
  iouThreshold?: number;
  /** Scores that do not exceed this are dropped; 0 to 1. Default: 0. */
  scoreThreshold?: number;
  /** Most results of an image, 1 to `maxCandidates`. Default: 300, or `maxCandidates` where that is less. */
  maxOutput?: number;
  /** How many of the best candidates of an image are looked at, 1 to 100,000. Default: 30,000. */
  maxCandidates?: number;
  /**
   * `'hard'` drops what overlaps a better box; `'linear'` and `'gaussian'` are Soft-NMS, which lowers its score by how
   * much it overlaps. Default: `'hard'`.
   */
  method?: 'hard' | 'linear' | 'gaussian';
  /** Of `'gaussian'`: larger lowers scores less. Default: 0.5. */
  sigma?: number;
  /** Boxes of different classes suppress each other too. Default: false. */
  classAgnostic?: boolean;
  /** With scores `[N, A, C]`: each class of a box is a candidate, not its best alone. Default: false. */
  multiLabel?: boolean;
}

/** Options of {@link nonMaximumSuppression}. */
export interface SuppressionOptions extends SuppressionSettings, OperatorOptions {
  /** Class of each box, `[N, A]`, `int32`; with scores `[N, A]`. Default: all of class 0. */
  classes?: OperatorTensor;
}

/**
 * What is left of each image, best first. Places behind the image's count have boxes and scores of 0, and -1 for class
 * and index.
 *
 * @typeParam I - The boxes that were given: results of device tensors are device tensors.
 */
export interface SuppressedBoxes<I extends OperatorTensor = TensorLike> {
  /** `[N, maxOutput, 4]`, `float32`: x1, y1, x2, y2 as given. */
  readonly boxes: Placed<I, Float32Array>;
  /** `[N, maxOutput]`, `float32`. */
  readonly scores: Placed<I, Float32Array>;
  /** `[N, maxOutput]`, `int32`. */
  readonly classes: Placed<I, Int32Array>;
  /** `[N, maxOutput]`, `int32`: which of the image's boxes it is. */
  readonly indices: Placed<I, Int32Array>;
  /** `[N]`, `int32`: results of each image. */
  readonly counts: Placed<I, Int32Array>;
}

/** The results of one image, as long as there are any. */
export interface ImageDetections {
  /** How many there are. */
  readonly count: number;
  /** x1, y1, x2, y2 of each. */
  readonly boxes: Float32Array;
  /** Score of each, best first. */
  readonly scores: Float32Array;
  /** Class of each. */
  readonly classes: Int32Array;
  /** Which of the image's boxes each is. */
  readonly indices: Int32Array;
}

const NAME = 'nonMaximumSuppression';
const SETTINGS = [
  'iouThreshold',
  'scoreThreshold',
  'maxOutput',
  'maxCandidates',
  'method',
  'sigma',
  'classAgnostic',
  'multiLabel',
] as const;
const OPTION_NAMES = [...OPERATOR_OPTIONS, ...SETTINGS, 'classes'] as const;

/**
 * Plans {@link nonMaximumSuppression}: what a chain needs to know of it.
 *
 * @param specs - Of boxes, scores, and classes if there are any.
 * @throws {TensorRTError} As {@link nonMaximumSuppression}.
 */
export function planNonMaximumSuppression(
  [boxes, scores, classes]: readonly [TensorSpec, TensorSpec, TensorSpec?],
  options: SuppressionSettings = {},
): OperatorPlan {
  const settings = readSettings(options);
  const [images, anchors] = requireBoxes(boxes, argument('boxes'));
  requireScores(scores, [images, anchors]);
  const isLabelled = scores.dims.length === 3;
  if (classes !== undefined) {
    if (isLabelled)
      throw tensorError(argument('classes'), 'none beside scores [N, A, C]', formatSpec(classes));
    requireSpec(classes, { type: 'int32', dims: [images, anchors] }, argument('classes'));
  }
  if (settings.multiLabel && !isLabelled)
    throw tensorError(argument('scores'), '[N, A, C] for multiLabel', formatSpec(scores));
  const space = settings.multiLabel ? anchors * scores.dims[2]! : anchors;
  if (space > MAX_SPACE)
    throw tensorError(
      argument('scores'),
      `at most ${MAX_SPACE} boxes${settings.multiLabel ? ' times classes' : ''} an image`,
      `${space}`,
    );
  const { maxOutput, multiLabel, ...attributes } = settings;
  const source = classes !== undefined ? 'given' : !isLabelled ? 'none' : multiLabel ? 'each' : 'best';
  return {
    operator: NAME,
    attributes: { ...attributes, classes: source },
    outputs: [
      { type: 'float32', dims: [images, maxOutput, 4] },
      { type: 'float32', dims: [images, maxOutput] },
      { type: 'int32', dims: [images, maxOutput] },
      { type: 'int32', dims: [images, maxOutput] },
      { type: 'int32', dims: [images] },
    ],
  };
}

function readSettings(options: SuppressionSettings): Required<SuppressionSettings> {
  const { maxCandidates = 30_000 } = options;
  integer(1, MAX_CANDIDATES)('maxCandidates', maxCandidates);
  const settings = {
    iouThreshold: options.iouThreshold ?? 0.5,
    scoreThreshold: options.scoreThreshold ?? 0,
    maxOutput: options.maxOutput ?? Math.min(300, maxCandidates),
    maxCandidates,
    method: options.method ?? 'hard',
    sigma: options.sigma ?? 0.5,
    classAgnostic: options.classAgnostic ?? false,
    multiLabel: options.multiLabel ?? false,
  };
  fraction('iouThreshold', settings.iouThreshold);
  fraction('scoreThreshold', settings.scoreThreshold);
  integer(1, MAX_CANDIDATES)('maxOutput', settings.maxOutput);
  if (settings.maxOutput > maxCandidates)
    throw valueError('maxOutput', settings.maxOutput, `at most maxCandidates, which is ${maxCandidates}`);
  oneOf('hard', 'linear', 'gaussian')('method', settings.method);
  positive('sigma', settings.sigma);
  flag('classAgnostic', settings.classAgnostic);
  flag('multiLabel', settings.multiLabel);
  return settings;
}

function requireScores(scores: TensorSpec, [images, anchors]: readonly [number, number]): void {
  const name = argument('scores');
  requireType(scores, ['float32'], name);
  const { dims } = scores;
  const isRight =
    (dims.length === 2 || (dims.length === 3 && dims[2]! > 0)) && dims[0] === images && dims[1] === anchors;
  if (!isRight)
    throw tensorError(
      name,
      `[${images}, ${anchors}] or [${images}, ${anchors}, C], one for each box`,
      formatSpec(scores),
    );
}

function argument(what: string): ArgumentName {
  return { operator: NAME, argument: what };
}

/**
 * Keeps the best of boxes that overlap, in each image of a batch (non-maximum suppression), class by class or of all
 * classes together.
 *
 * Candidates are the boxes whose score exceeds `scoreThreshold`, sorted by score; of equal scores the lower index
 * first (`box * C + class` with `multiLabel`). The `maxCandidates` best are gone through in this order.
 *
 * - `'hard'`: a candidate stays unless its overlap with one that stayed before exceeds `iouThreshold`.
 *   `overlap(a, b) = |a and b| / (|a| + |b| - |a and b|)`, areas without a pixel added. The results are those of
 *   `torchvision.ops.nms`, and with classes of `batched_nms`, but for ties, NaN and limits as stated here.
 * - `'linear'`, `'gaussian'`: the best candidate stays; the scores of all others are multiplied by `1 - overlap` where
 *   that exceeds `iouThreshold`, or by `exp(-overlap^2 / sigma)`; what no longer exceeds `scoreThreshold` is dropped;
 *   and so on. `scores` has the lowered scores. Each result costs a pass over all candidates.
 *
 * Boxes with a NaN corner or score are dropped. An infinite score is the best; a box with an infinite corner, or so large
 * that its area is no float32, overlaps none; so does a box without area. Corners that are swapped in one direction make
 * an area negative, and such a box overlaps none either.
 *
 * On a GPU nothing is copied to the host, and the number of kernels depends on shapes alone. Scratch memory: up to
 * 2 MiB an image, and 8 bytes for each box (times classes with `multiLabel`), rounded up to a power of two.
 *
 * @param boxes - `[N, A, 4]`, `float32`, x1, y1, x2, y2; at most 65,535 images and 4,194,304 boxes (times classes with
 *   `multiLabel`) of each.
 * @param scores - `[N, A]`, or `[N, A, C]` of which the best class counts unless `multiLabel` is set; `float32`.
 * @returns Tensors of a size that does not depend on the data; {@link splitDetections} cuts those on the host.
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_TYPE` or `ERR_TRT_ARG_UNKNOWN_OPTION` for options,
 *   `ERR_TRT_ARG_TENSOR` for tensors that do not fit; as every operator for device tensors and aborted calls.
 * @see `torchvision.ops.batched_nms`; N. Bodla et al., "Soft-NMS - Improving Object Detection With One Line of Code",
 *   2017, equations (2) and (4); ONNX `NonMaxSuppression`.
 */
export async function nonMaximumSuppression<B extends OperatorTensor>(
  boxes: B,
  scores: OperatorTensor,
  options: SuppressionOptions = {},
): Promise<SuppressedBoxes<B>> {
  rejectUnknownOptions(NAME, options, OPTION_NAMES);
  const { classes, ...settings } = options;
  const boxSpec = specOf(boxes, argument('boxes'));
  const scoreSpec = specOf(scores, argument('scores'));
  const inputs = [boxes, scores, ...(classes === undefined ? [] : [classes])];
  const plan = planNonMaximumSuppression(
    classes === undefined ? [boxSpec, scoreSpec] : [boxSpec, scoreSpec, specOf(classes, argument('classes'))],
    settings,
  );
  const results = await runOperator({ ...plan, inputs }, settings);
  const [keptBoxes, keptScores, keptClasses, indices, counts] = results;
  return {
    boxes: keptBoxes,
    scores: keptScores,
    classes: keptClasses,
    indices,
    counts,
  } as SuppressedBoxes<B>;
}

/**
 * Cuts the results of {@link nonMaximumSuppression} on the host into those of each image.
 *
 * @returns Views of the tensors' arrays: nothing is copied.
 */
export function splitDetections(results: SuppressedBoxes): ImageDetections[] {
  const most = results.scores.dims[1]!;
  return Array.from(results.counts.data, (count, image) => {
    const from = image * most;
    const to = from + count;
    return {
      count,
      boxes: results.boxes.data.subarray(from * 4, to * 4),
      scores: results.scores.data.subarray(from, to),
      classes: results.classes.data.subarray(from, to),
      indices: results.indices.data.subarray(from, to),
    };
  });
}
