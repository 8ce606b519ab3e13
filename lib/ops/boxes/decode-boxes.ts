// SPDX-License-Identifier: Apache-2.0
import { rejectUnknownOptions } from '../../option-checks';
import type { TensorLike } from '../../runtime/tensor';
import { OPERATOR_OPTIONS, runOperator, type OperatorOptions } from '../run-operator';
import {
  formatSpec,
  requireRank,
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
import { requireImages } from './box-checks';
import { DECODE_SETTINGS, readDecodeSettings, type DecodeBoxesSettings } from './decode-settings';

/** Options of {@link decodeBoxes}. */
export interface DecodeBoxesOptions extends DecodeBoxesSettings, OperatorOptions {
  /** For `'deltas'`: the boxes that they start from, `[A, 4]`, `float32`, in the form `anchorForm`. */
  anchors?: OperatorTensor;
}

/**
 * Boxes with the scores of all classes.
 *
 * @typeParam I - The head that was given: results of device tensors are device tensors.
 */
export interface DecodedBoxes<I extends OperatorTensor = TensorLike> {
  /** `[N, A, 4]`, `float32`: x1, y1, x2, y2. */
  readonly boxes: Placed<I, Float32Array>;
  /** `[N, A, C]`, `float32`; `[N, A]` with `best`. */
  readonly scores: Placed<I, Float32Array>;
  /** `[N, A]`, `int32`, with `best` alone: the class of each score. */
  readonly classes?: Placed<I, Int32Array>;
}

/** Boxes with their best class. */
export type BestBoxes<I extends OperatorTensor = TensorLike> = Required<DecodedBoxes<I>>;

const NAME = 'decodeBoxes';
const OPTION_NAMES = [...OPERATOR_OPTIONS, ...DECODE_SETTINGS, 'anchors'] as const;

/**
 * Plans {@link decodeBoxes}: what a chain needs to know of it.
 *
 * @param specs - Of the head, and of the anchors of deltas.
 * @throws {TensorRTError} As {@link decodeBoxes}.
 */
export function planDecodeBoxes(
  [head, anchors]: readonly [TensorSpec, TensorSpec?],
  options: DecodeBoxesSettings,
): OperatorPlan {
  const { attributes, best, cells } = readDecodeSettings(options);
  requireType(head, ['float32', 'float16', 'bfloat16'], argument('the head'));
  requireRank(head, [3, 3], argument('the head'));
  requireImages(head, argument('the head'));
  const images = head.dims[0]!;
  const boxes = head.dims[attributes.channelsFirst ? 2 : 1]!;
  const channels = head.dims[attributes.channelsFirst ? 1 : 2]!;
  if (channels <= attributes.firstClass)
    throw tensorError(
      argument('the head'),
      `more than ${attributes.firstClass} channels (${attributes.channelsFirst ? '[N, K, A]' : '[N, A, K]'}), so that there is a class`,
      formatSpec(head),
    );
  if (cells !== undefined && cells !== boxes)
    throw tensorError(argument('the head'), `${cells} boxes, as its levels have`, formatSpec(head));
  requireAnchors(options.form, boxes, anchors);
  const scores: TensorSpec[] = best
    ? [
        { type: 'float32', dims: [images, boxes] },
        { type: 'int32', dims: [images, boxes] },
      ]
    : [{ type: 'float32', dims: [images, boxes, channels - attributes.firstClass] }];
  return {
    operator: NAME,
    attributes,
    outputs: [{ type: 'float32', dims: [images, boxes, 4] }, ...scores],
  };
}

function requireAnchors(form: string, boxes: number, anchors: TensorSpec | undefined): void {
  if (form !== 'deltas') {
    if (anchors === undefined) return;
    throw tensorError(argument('anchors'), `none for the form '${form}'`, formatSpec(anchors));
  }
  const expected: TensorSpec = { type: 'float32', dims: [boxes, 4] };
  if (anchors === undefined) throw tensorError(argument('anchors'), formatSpec(expected), 'none');
  requireSpec(anchors, expected, argument('anchors'));
}

function argument(what: string): ArgumentName {
  return { operator: NAME, argument: what };
}

/**
 * Boxes and scores of what a detector's head gives for each box: four numbers, an objectness if it has one, and a number
 * for each class.
 *
 * With `t` the four numbers, `s` the logistic function, `(x, y)` the column and row of the box's cell, `(aw, ah)` the
 * size of its anchor, and `cx, cy, w, h` a box by its centre and size:
 *
 * | form | box | heads |
 * | --- | --- | --- |
 * | `center` | `cx, cy, w, h = t` | YOLOv8 and newer, exported YOLOv5, DETR (with `scale`) |
 * | `corners` | `x1, y1, x2, y2 = t` | heads with the decoding in them |
 * | `yolov3` | `cx = (s(t0) + x) * stride`, `w = exp(t2) * aw` | YOLOv2 and v3 |
 * | `yolov5` | `cx = (2 s(t0) - 0.5 + x) * stride`, `w = (2 s(t2))^2 * aw` | YOLOv5, v7 |
 * | `yolox` | `cx = (t0 + x) * stride`, `w = exp(t2) * stride` | YOLOX |
 * | `distances` | `x1 = (x + 0.5 - t0) * stride`, `x2 = (x + 0.5 + t2) * stride` | FCOS, heads of YOLOv8 before its decoding |
 * | `deltas` | `cx = t0 * v0 * aw + ax`, `w = exp(min(t2 * v2, ln(1000 / 16))) * aw`, anchor centre `(ax, ay)` | SSD, Faster R-CNN, RetinaNet |
 *
 * and the same for y and h; corners are `cx - w / 2` and so on. The score of a class is its number times the objectness,
 * each through `s` first where `sigmoid` is set. With `best` the class of the highest number counts: of equal ones the
 * first, and NaN only where all are.
 *
 * Computed in float32 whatever the head's type; the logistic function and exp are within 2 units in the last place. NaN
 * gives NaN in the corners that it has a part in, and infinite or too large numbers give infinite corners or NaN.
 *
 * @param head - `[N, A, K]`, or `[N, K, A]` with `layout: 'channels-first'`; `float32`, `float16` or `bfloat16`.
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_TYPE` or `ERR_TRT_ARG_UNKNOWN_OPTION` for options,
 *   `ERR_TRT_ARG_TENSOR` for tensors that do not fit; as every operator for device tensors and aborted calls.
 * @see J. Redmon, A. Farhadi, "YOLOv3", 2018; Z. Ge et al., "YOLOX", 2021; Z. Tian et al., "FCOS", 2019; W. Liu et al.,
 *   "SSD", 2016; S. Ren et al., "Faster R-CNN", 2015, equation (2); `torchvision`'s `BoxCoder` for the bound on `w`.
 */
export async function decodeBoxes<T extends OperatorTensor>(
  head: T,
  options: DecodeBoxesOptions & { best: true },
): Promise<BestBoxes<T>>;
/** As above; with every class's score instead of the best. */
export async function decodeBoxes<T extends OperatorTensor>(
  head: T,
  options: DecodeBoxesOptions,
): Promise<DecodedBoxes<T>>;
export async function decodeBoxes<T extends OperatorTensor>(
  head: T,
  options: DecodeBoxesOptions,
): Promise<DecodedBoxes<T>> {
  rejectUnknownOptions(NAME, options, OPTION_NAMES);
  const { anchors, ...settings } = options;
  const spec = specOf(head, argument('the head'));
  const plan = planDecodeBoxes(
    anchors === undefined ? [spec] : [spec, specOf(anchors, argument('anchors'))],
    settings,
  );
  const inputs = anchors === undefined ? [head] : [head, anchors];
  const [boxes, scores, classes] = await runOperator({ ...plan, inputs }, settings);
  return { boxes, scores, ...(classes === undefined ? {} : { classes }) } as DecodedBoxes<T>;
}
