// SPDX-License-Identifier: Apache-2.0
// Holds what is done after a model against its outputs.

import { formatDims } from '../../runtime/feeds';
import type { TensorInfo } from '../../tensor/tensor-info';
import { endsWithFour, fitBoxesScores, fitEndToEnd, isBoxesOutput, partsOf } from './fit-boxes';
import { chooseTensor, fitLabels, fixedSize, listTensors, SCORE_TYPES, unfitOutput } from './model-tensors';
import type { PipelineSpec } from './pipeline-spec';
import type { BoxDecoding, SegmentationPost } from './post-spec';
import { specError } from './spec-error';

export { unbatchedOutput } from './fit-boxes';

type Post = PipelineSpec['post'];
type PostOf<K extends Post['kind']> = Extract<Post, { kind: K }>;
type Tensors = readonly TensorInfo[];

/** The outputs that a post asks for. */
export function chooseOutputs({ post }: PipelineSpec, tensors: Tensors): Tensors {
  const choose = (option: string, name: string | undefined, among = tensors): TensorInfo =>
    chooseTensor('post', 'output', { name, tensors: among, option });
  switch (post.kind) {
    case 'tensors':
      return (post.outputs ?? tensors.map(({ name }) => name)).map((name) => choose('output', name));
    case 'boxes-scores':
      return choosePair(tensors, [post.boxes, post.scores], {
        fields: ['boxes', 'scores'],
        isFirst: [endsWithFour, isBoxesOutput],
      });
    case 'instance-segmentation':
      return choosePair(tensors, [post.output, post.prototypes], {
        fields: ['output', 'prototypes'],
        isFirst: [({ dims }) => dims.length === 3],
      });
    case 'end-to-end': {
      const parts = partsOf(post);
      return parts.length === 0
        ? [choose('output', post.output)]
        : parts.map((part) => choose(part, post[part]));
    }
    default:
      return [choose('output', post.output)];
  }
}

interface Pair {
  readonly fields: readonly [string, string];
  /** Tell the first by its shape: the surest of them that holds for one alone. */
  readonly isFirst: readonly ((info: TensorInfo) => boolean)[];
}

/** Two outputs: by their names, or told apart where there are no others. */
function choosePair(
  tensors: Tensors,
  names: readonly [string | undefined, string | undefined],
  { fields, isFirst }: Pair,
): Tensors {
  const [first, second] = names.map((name, index) =>
    name === undefined
      ? undefined
      : chooseTensor('post', 'output', { name, tensors, option: fields[index]! }),
  );
  if (first && second) return [first, second];
  const left = tensors.filter((info) => info !== first && info !== second);
  if ((first || second) && left.length === 1) return [first ?? left[0]!, second ?? left[0]!];
  const found = isFirst.map((holds) => left.filter(holds)).find(({ length }) => length === 1)?.[0];
  if (left.length === 2 && found) return [found, left.find((info) => info !== found)!];
  const [option] = fields.filter((_, index) => names[index] === undefined);
  throw specError('ERR_TRT_ARG_VALUE', 'post', {
    problem: `"${fields.join('" and "')}" must name two outputs that their shapes do not tell: the model has ${listTensors(tensors)}.`,
    details: { option, expected: tensors.map(({ name }) => name) },
  });
}

/**
 * Holds a post against its outputs.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE`
 */
export function fitOutputs({ post }: PipelineSpec, outputs: Tensors): void {
  if (post.kind === 'tensors') return;
  if (post.kind === 'end-to-end') return fitEndToEnd(post, outputs);
  const info = outputs[0]!;
  if (post.kind === 'segmentation') return fitSegmentation(post, info);
  for (const output of outputs)
    if (!SCORE_TYPES.includes(output.type))
      throw unfitOutput(post.kind, `an output of ${SCORE_TYPES.join(', ')}`, output);
  // What a model does not tell its outputs have shown at the first run.
  if (outputs.some(({ hasShape }) => hasShape === false)) return;
  switch (post.kind) {
    case 'boxes-scores':
      return fitBoxesScores(post, outputs);
    case 'embedding':
      return fitEmbedding(post, info);
    case 'classification':
      return fitClassification(post, info);
    default:
      return fitHead(post, outputs);
  }
}

function fitEmbedding(post: PostOf<'embedding'>, info: TensorInfo): void {
  const isPooled = post.pool !== undefined && post.pool !== 'none';
  if (isPooled && info.dims.length !== 3)
    throw unfitOutput(post.kind, `an output [N, tokens, size] for the pool '${post.pool}'`, info);
  if (!isPooled && !isRows(info))
    throw unfitOutput(post.kind, 'an output [N, size] (or `pool` for [N, tokens, size])', info);
}

function fitClassification(post: PostOf<'classification'>, info: TensorInfo): void {
  if (!isRows(info)) throw unfitOutput(post.kind, 'an output [N, classes]', info);
  const classes = fixedSize(info, 1);
  if (post.topK !== undefined && classes !== undefined && post.topK > classes)
    throw specError('ERR_TRT_ARG_VALUE', 'post', {
      problem: `"topK" is ${post.topK}, but the model's "${info.name}" ${formatDims(info)} has ${classes} classes.`,
      details: { option: 'topK', received: post.topK, expected: classes },
    });
  fitLabels(post, info, classes);
}

/** [N, columns], or with dimensions of 1 behind. */
function isRows({ dims }: TensorInfo): boolean {
  return dims.length >= 2 && dims.slice(2).every((size) => size === 1);
}

type HeadPost = PostOf<'detection' | 'keypoints' | 'instance-segmentation'>;

function fitHead(post: HeadPost, [info, prototypes]: Tensors): void {
  if (info!.dims.length !== 3) throw unfitOutput(post.kind, 'an output of three dimensions', info!);
  if (prototypes !== undefined && prototypes.dims.length !== 4)
    throw unfitOutput(post.kind, 'prototypes [N, coefficients, h, w]', prototypes);
  const extras = prototypes === undefined ? extraNumbers(post) : fixedSize(prototypes, 1);
  if (extras !== undefined) fitLabels(post, info!, classesOfHead(post, info!, extras));
}

/** Numbers of a box behind those of its classes. */
export function extraNumbers(post: HeadPost): number {
  if (post.kind !== 'keypoints') return 0;
  const points = typeof post.points === 'number' ? post.points : post.points.length;
  return points * (post.pointScores === false ? 2 : 3);
}

/** Numbers of a box before those of its classes. */
export function numbersBeforeClasses({ form, objectness, background = false }: BoxDecoding): number {
  return 4 + Number(objectness ?? ['yolov3', 'yolov5', 'yolox'].includes(form)) + Number(background);
}

function classesOfHead(post: HeadPost, info: TensorInfo, extras: number): number | undefined {
  const { decode } = post;
  const isChannelsFirst = decode.layout === 'channels-first';
  const numbers = fixedSize(info, isChannelsFirst ? 1 : 2);
  if (numbers === undefined) return undefined;
  const before = numbersBeforeClasses(decode);
  const classes = numbers - before - extras;
  if (classes >= 1) return classes;
  const behind =
    extras === 0 ? '' : `, and ${extras} of its ${post.kind === 'keypoints' ? 'points' : 'mask'}`;
  throw specError('ERR_TRT_ARG_VALUE', 'post.decode', {
    problem: `a box of this head has ${before} numbers before its classes, one for each class${behind}, but the model's "${info.name}" ${formatDims(info)} has ${numbers} along its ${isChannelsFirst ? 'second' : 'last'} dimension: is the layout '${decode.layout ?? 'boxes-first'}' right?`,
    details: { option: 'layout', tensor: info.name, dims: info.dims },
  });
}

const CLASS_TYPES: readonly string[] = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
];

function fitSegmentation(post: SegmentationPost, info: TensorInfo): void {
  const isScores = SCORE_TYPES.includes(info.type);
  if (!isScores && !CLASS_TYPES.includes(info.type))
    throw unfitOutput(post.kind, `scores of ${SCORE_TYPES.join(', ')}, or whole numbers`, info);
  if (info.hasShape === false) return;
  const { dims } = info;
  const isMap = dims.length === 3 || (dims.length === 4 && dims[1] === 1);
  if (isScores ? dims.length !== 4 : !isMap)
    throw unfitOutput(post.kind, isScores ? 'scores of four dimensions' : 'classes [N, h, w]', info);
  if (!isScores) return;
  const classes = fixedSize(info, post.layout === 'nhwc' ? 3 : 1);
  if (classes === undefined) return;
  if (classes < 1 || classes > 65_535) throw unfitOutput(post.kind, '1 to 65,535 classes', info);
  if (post.threshold !== undefined && classes > 1)
    throw specError('ERR_TRT_ARG_VALUE', 'post', {
      problem: `"threshold" is for scores of one class, but the model's "${info.name}" ${formatDims(info)} has ${classes}.`,
      details: { option: 'threshold', tensor: info.name, dims },
    });
  // One class has a name for what is not of it, too.
  fitLabels(post, info, classes === 1 ? 2 : classes);
}
