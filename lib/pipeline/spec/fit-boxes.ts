// SPDX-License-Identifier: Apache-2.0
// Outputs of detectors whose boxes need no decoding, held against what the spec says of them.

import { formatDims } from '../../runtime/feeds';
import type { TensorInfo } from '../../tensor/tensor-info';
import { DEFAULT_COLUMNS, END_TO_END_PARTS } from './check-boxes';
import { fitLabels, fixedSize, SCORE_TYPES, unfitOutput } from './model-tensors';
import type { BoxesScoresPost, DetectionColumn, EndToEndPost } from './post-spec';
import { specError } from './spec-error';

type Tensors = readonly TensorInfo[];
type Sizes = readonly (number | undefined)[];

/** Whether an output can be the one with the boxes: it has the four numbers along one of its axes. */
export function isBoxesOutput(info: TensorInfo): boolean {
  const sizes = sizesOf(info);
  return sizes.length === 3 && (sizes[2] === 4 || sizes[1] === 4);
}

/** The same, in the usual order. */
export function endsWithFour(info: TensorInfo): boolean {
  return sizesOf(info)[2] === 4;
}

/** Sizes that are known, without the 1 of `[N, boxes, 1, 4]`. */
function sizesOf(info: TensorInfo): Sizes {
  return squeezed(info.dims.map((_, axis) => fixedSize(info, axis)));
}

/** `[N, boxes, 1, 4]` as `[N, boxes, 4]`. */
export function squeezed<T>(dims: readonly T[]): readonly T[] {
  return dims.length === 4 && dims[2] === 1 ? [dims[0]!, dims[1]!, dims[3]!] : dims;
}

/** How boxes and scores lie: whether the boxes are the axis before the last. */
export interface PairLayout {
  readonly isBoxesFirst: boolean;
  readonly isScoresFirst: boolean;
}

/**
 * How two outputs lie, by their sizes: four numbers a box, and as many boxes in both.
 *
 * @param boxes - Three sizes; undefined for one that is not known.
 * @param scores - Three sizes, or two of one class.
 * @returns undefined where sizes do not fit; where they do not tell, boxes come first.
 */
export function pairLayout(boxes: Sizes, scores: Sizes, layout?: string): PairLayout | undefined {
  const isNone = (axis: number, size: number): boolean => boxes[axis] !== undefined && boxes[axis] !== size;
  const isBoxesFirst = layout === undefined ? !isNone(2, 4) : layout === 'boxes-first';
  if (isNone(isBoxesFirst ? 2 : 1, 4)) return undefined;
  const count = boxes[isBoxesFirst ? 1 : 2];
  const differs = (axis: number): boolean =>
    count !== undefined && scores[axis] !== undefined && scores[axis] !== count;
  if (scores.length === 2) return differs(1) ? undefined : { isBoxesFirst, isScoresFirst: true };
  const isScoresFirst = layout === undefined ? !differs(1) : layout === 'boxes-first';
  return differs(isScoresFirst ? 1 : 2) ? undefined : { isBoxesFirst, isScoresFirst };
}

/** @throws {TensorRTError} `ERR_TRT_ARG_VALUE` */
export function fitBoxesScores(post: BoxesScoresPost, [boxes, scores]: Tensors): void {
  const [boxSizes, scoreSizes] = [sizesOf(boxes!), sizesOf(scores!)];
  if (boxSizes.length !== 3) throw unfitOutput(post.kind, 'boxes [N, boxes, 4] or [N, 4, boxes]', boxes!);
  if (scoreSizes.length !== 3 && scoreSizes.length !== 2)
    throw unfitOutput(post.kind, 'scores [N, boxes, classes], [N, classes, boxes] or [N, boxes]', scores!);
  const layout = pairLayout(boxSizes, scoreSizes, post.layout);
  if (layout === undefined)
    throw specError('ERR_TRT_ARG_VALUE', 'post', {
      problem: `the model's "${boxes!.name}" ${formatDims(boxes!)} and "${scores!.name}" ${formatDims(scores!)} are no boxes of four numbers with scores of as many boxes${post.layout === undefined ? '' : ` in the layout '${post.layout}'`}.`,
      details: { option: 'layout', boxes: boxes!.dims, scores: scores!.dims },
    });
  const classes = scoreSizes.length === 2 ? 1 : scoreSizes[layout.isScoresFirst ? 2 : 1];
  if (classes === undefined) return;
  const named = classes - Number((post.background ?? 'none') !== 'none');
  if (named < 1) throw unfitOutput(post.kind, 'scores of a class beside the background', scores!);
  fitLabels(post, scores!, named);
}

/** Fields of a post that name outputs of their own, in order. */
export function partsOf(post: EndToEndPost): (typeof END_TO_END_PARTS)[number][] {
  return END_TO_END_PARTS.filter((name) => post[name] !== undefined);
}

/** Columns of each row of a table: where a name's first number is. */
export function columnPlaces(post: EndToEndPost): {
  readonly places: Partial<Record<DetectionColumn, number>>;
  readonly width: number;
} {
  const places: Partial<Record<DetectionColumn, number>> = {};
  let width = 0;
  for (const column of post.columns ?? DEFAULT_COLUMNS) {
    places[column] = width;
    width += column === 'box' ? 4 : 1;
  }
  return { places, width };
}

const WHOLE: readonly string[] = ['int32', 'int64'];
const NUMBERS = [...SCORE_TYPES, ...WHOLE, 'uint8', 'int8', 'int16', 'uint16'];
const PART_TYPES: Readonly<Record<string, readonly string[]>> = {
  boxes: SCORE_TYPES,
  scores: SCORE_TYPES,
  classes: NUMBERS,
  counts: WHOLE,
  indices: WHOLE,
};

/** @throws {TensorRTError} `ERR_TRT_ARG_VALUE` */
export function fitEndToEnd(post: EndToEndPost, outputs: Tensors): void {
  const parts = partsOf(post);
  if (parts.length === 0) return fitTable(post, outputs[0]!);
  for (const [index, part] of parts.entries()) {
    const info = outputs[index]!;
    if (!PART_TYPES[part]!.includes(info.type))
      throw unfitOutput(post.kind, `${part} of ${PART_TYPES[part]!.join(', ')}`, info);
  }
  const [boxes, scores] = outputs as [TensorInfo, TensorInfo];
  const needed = post.indices === undefined ? [2, 3] : [3];
  const isRight = needed.includes(boxes.dims.length) && (fixedSize(boxes, -1) ?? 4) === 4;
  if (boxes.hasShape !== false && !isRight)
    throw unfitOutput(
      post.kind,
      post.indices === undefined ? 'boxes [N, found, 4]' : 'boxes [N, boxes, 4]',
      boxes,
    );
  if (post.indices === undefined || scores.hasShape === false) return;
  if (scores.dims.length !== 3)
    throw unfitOutput(post.kind, 'scores [N, classes, boxes] beside indices', scores);
  fitLabels(post, scores, fixedSize(scores, 1));
}

function fitTable(post: EndToEndPost, info: TensorInfo): void {
  if (!SCORE_TYPES.includes(info.type))
    throw unfitOutput(post.kind, `a table of ${SCORE_TYPES.join(', ')}`, info);
  if (info.hasShape === false) return;
  const { places, width } = columnPlaces(post);
  const ranks = places.image === undefined ? [2, 3] : [2];
  if (!ranks.includes(info.dims.length))
    throw unfitOutput(
      post.kind,
      places.image === undefined
        ? 'a table [N, found, columns]'
        : "a table [found, columns] for the column 'image'",
      info,
    );
  const columns = fixedSize(info, -1);
  if (columns === undefined || columns >= width) return;
  throw specError('ERR_TRT_ARG_VALUE', 'post', {
    problem: `"columns" are ${width} numbers a row, but the model's "${info.name}" ${formatDims(info)} has ${columns}.`,
    details: { option: 'columns', received: width, expected: columns, tensor: info.name },
  });
}

/** The output that is of one image because nothing in it tells images apart; undefined where all do. */
export function unbatchedOutput(post: EndToEndPost, [first]: Tensors): TensorInfo | undefined {
  const isSingle =
    post.indices === undefined &&
    post.columns?.includes('image') !== true &&
    first!.hasShape !== false &&
    first!.dims.length === 2;
  return isSingle ? first : undefined;
}
