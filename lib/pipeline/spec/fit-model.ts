// SPDX-License-Identifier: Apache-2.0
// Holds a spec against a model: what the spec leaves out the model decides, and what both say must agree.

import { isPlainObject } from '../../option-checks';
import {
  readPreprocessOptions,
  type PreprocessSettings,
  type PreprocessType,
} from '../../ops/image/preprocess-options';
import type { TensorInfo } from '../../tensor/tensor-info';
import { didYouMean } from '../../text/nearest-name';
import { formatDims } from '../../runtime/feeds';
import { imageSettings } from './check-inputs';
import type { AudioPre, ImagePre, PipelineSpec } from './pipeline-spec';
import { checkedAt, specError } from './spec-error';

/** What is known of a model: of a session, an engine's manifest, or an ONNX file. */
export interface ModelTensors {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/** A spec that fits a model, with what the model decided. */
export interface FittedSpec {
  readonly spec: PipelineSpec;
  readonly input: TensorInfo;
  /** Those that are asked for: one, but for tensors. */
  readonly outputs: readonly TensorInfo[];
  /** Complete settings of `preprocessImages()`; for sounds there are none. */
  readonly image: PreprocessSettings | undefined;
  /** Inputs of one run, where the model fixes it. */
  readonly batch: number | undefined;
}

/** A size that the model fixes, else undefined. */
export function fixedSize(info: TensorInfo, axis: number): number | undefined {
  const size = info.dims.at(axis);
  return typeof size === 'number' && size >= 0 ? size : undefined;
}

/**
 * Holds a checked spec against a model.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for names that the model does not have, and where spec and model
 *   contradict each other: the message has both.
 */
export function fitSpec(spec: PipelineSpec, model: ModelTensors): FittedSpec {
  const input = chooseTensor('pre', 'input', { name: spec.pre.input, tensors: model.inputs });
  if (model.inputs.length > 1)
    throw specError('ERR_TRT_ARG_VALUE', 'pre', {
      problem: `a pipeline feeds one input, but the model has ${model.inputs.length}: ${listTensors(model.inputs)}.`,
      details: { inputs: model.inputs.map(({ name }) => name) },
    });
  const outputs = chooseOutputs(spec, model.outputs);
  const image = spec.pre.kind === 'image' ? fitImage(spec.pre, input) : undefined;
  if (spec.pre.kind === 'audio') fitAudio(spec.pre, input);
  fitOutputs(spec, outputs);
  return { spec, input, outputs, image, batch: fixedSize(input, 0) };
}

function listTensors(tensors: readonly TensorInfo[]): string {
  return tensors.map((info) => `"${info.name}" (${info.type} ${formatDims(info)})`).join(', ');
}

interface Choice {
  readonly name: string | undefined;
  readonly tensors: readonly TensorInfo[];
}

function chooseTensor(at: string, kind: 'input' | 'output', { name, tensors }: Choice): TensorInfo {
  const names = tensors.map((info) => info.name);
  if (name === undefined) {
    if (tensors.length === 1) return tensors[0]!;
    throw specError('ERR_TRT_ARG_VALUE', at, {
      problem: `"${kind}" must name one, as the model has ${tensors.length}: ${listTensors(tensors)}.`,
      details: { option: kind, expected: names },
    });
  }
  const found = tensors.find((info) => info.name === name);
  if (found) return found;
  throw specError('ERR_TRT_ARG_VALUE', at, {
    problem: `the model has no ${kind} "${name}".${didYouMean(name, names)} It has ${listTensors(tensors)}.`,
    details: { option: kind, expected: names, received: name },
  });
}

function chooseOutputs({ post }: PipelineSpec, tensors: readonly TensorInfo[]): readonly TensorInfo[] {
  if (post.kind !== 'tensors') return [chooseTensor('post', 'output', { name: post.output, tensors })];
  const names = post.outputs ?? tensors.map(({ name }) => name);
  return names.map((name) => chooseTensor('post', 'output', { name, tensors }));
}

/** The error of what spec and model say differently. */
function contradiction(
  at: string,
  option: string,
  { says, info, needs }: { says: unknown; info: TensorInfo; needs: unknown },
): Error {
  return specError('ERR_TRT_ARG_VALUE', at, {
    problem: `"${option}" is ${JSON.stringify(says)}, but the model's "${info.name}" (${info.type} ${formatDims(info)}) needs ${JSON.stringify(needs)}.`,
    details: { option, received: says, expected: needs, tensor: info.name, dims: info.dims },
  });
}

const PIXEL_TYPES: readonly string[] = ['float32', 'float16', 'bfloat16', 'uint8', 'int8'];

function fitImage(pre: ImagePre, input: TensorInfo): PreprocessSettings {
  if (input.dims.length !== 4)
    throw specError('ERR_TRT_ARG_VALUE', 'pre', {
      problem: `images go into an input of four dimensions, but the model's "${input.name}" is ${input.type} ${formatDims(input)}.`,
      details: { tensor: input.name, dims: input.dims },
    });
  if (!PIXEL_TYPES.includes(input.type))
    throw specError('ERR_TRT_ARG_VALUE', 'pre', {
      problem: `images become ${PIXEL_TYPES.join(', ')}, but the model's "${input.name}" takes ${input.type}.`,
      details: { tensor: input.name, expected: PIXEL_TYPES, received: input.type },
    });
  const type = input.type as PreprocessType;
  if (pre.type !== undefined && pre.type !== type)
    throw contradiction('pre', 'type', { says: pre.type, info: input, needs: type });
  const layout = pre.layout ?? guessLayout(input);
  const [channelAxis, heightAxis] = layout === 'nchw' ? [1, 2] : [3, 1];
  const channels = fitChannels(pre, input, { axis: channelAxis, layout });
  const size = fitSize(pre, input, heightAxis);
  const settings = { ...imageSettings(pre), type, layout, channels, size };
  checkedAt('pre', () => readPreprocessOptions(settings));
  return settings;
}

/** By where the three colours, or the one of gray, can be. */
function guessLayout(input: TensorInfo): 'nchw' | 'nhwc' {
  const isColour = (axis: number): boolean => [1, 3].includes(fixedSize(input, axis) ?? 0);
  return !isColour(1) && isColour(3) ? 'nhwc' : 'nchw';
}

function fitChannels(
  { channels }: ImagePre,
  input: TensorInfo,
  { axis, layout }: { axis: number; layout: string },
): 'rgb' | 'bgr' | 'gray' {
  const count = fixedSize(input, axis);
  if (count !== undefined && count !== 1 && count !== 3)
    throw specError('ERR_TRT_ARG_VALUE', 'pre', {
      problem: `images have one channel or three, but with the layout '${layout}' the model's "${input.name}" (${formatDims(input)}) has ${count}.`,
      details: { option: 'layout', tensor: input.name, dims: input.dims },
    });
  const chosen = channels ?? (count === 1 ? 'gray' : 'rgb');
  const needs = chosen === 'gray' ? 1 : 3;
  if (count !== undefined && count !== needs)
    throw contradiction('pre', 'channels', {
      says: chosen,
      info: input,
      needs: count === 1 ? 'gray' : 'rgb or bgr',
    });
  return chosen;
}

function fitSize(
  { size }: ImagePre,
  input: TensorInfo,
  heightAxis: number,
): { width: number; height: number } {
  const height = fixedSize(input, heightAxis);
  const width = fixedSize(input, heightAxis + 1);
  if (size === undefined) {
    if (height !== undefined && width !== undefined) return { width, height };
    throw specError('ERR_TRT_ARG_VALUE', 'pre', {
      problem: `"size" must be given, as the model's "${input.name}" ${formatDims(input)} leaves it open.`,
      details: { option: 'size', tensor: input.name, dims: input.dims },
    });
  }
  const given = isPlainObject(size)
    ? (size as { width: number; height: number })
    : { width: size as number, height: size as number };
  const fits = (height ?? given.height) === given.height && (width ?? given.width) === given.width;
  if (!fits)
    throw contradiction('pre', 'size', {
      says: given,
      info: input,
      needs: { width: width ?? given.width, height: height ?? given.height },
    });
  return given;
}

function fitAudio(pre: AudioPre, input: TensorInfo): void {
  if (input.type !== 'float32')
    throw specError('ERR_TRT_ARG_VALUE', 'pre', {
      problem: `sounds become float32, but the model's "${input.name}" takes ${input.type}.`,
      details: { tensor: input.name, expected: 'float32', received: input.type },
    });
  const rank = input.dims.length;
  const channels = fixedSize(input, 1) ?? 1;
  if (rank === 3 || (rank === 4 && channels === 1)) return;
  throw specError('ERR_TRT_ARG_VALUE', 'pre', {
    problem: `sounds go into an input [N, mels, frames], [N, frames, mels] or with a 1 after N, but the model's "${input.name}" is ${formatDims(input)}.`,
    details: { tensor: input.name, dims: input.dims, layout: pre.layout },
  });
}

const SCORE_TYPES: readonly string[] = ['float32', 'float16', 'bfloat16'];

function fitOutputs({ post }: PipelineSpec, outputs: readonly TensorInfo[]): void {
  if (post.kind === 'tensors') return;
  const info = outputs[0]!;
  const wrong = (expected: string): Error =>
    specError('ERR_TRT_ARG_VALUE', 'post', {
      problem: `${post.kind} needs ${expected}, but the model's "${info.name}" is ${info.type} ${formatDims(info)}.`,
      details: { option: 'output', tensor: info.name, type: info.type, dims: info.dims },
    });
  if (!SCORE_TYPES.includes(info.type)) throw wrong(`an output of ${SCORE_TYPES.join(', ')}`);
  // What a model does not tell its outputs have shown at the first run.
  if (info.hasShape === false) return;
  if (post.kind === 'detection') {
    if (info.dims.length !== 3) throw wrong('an output of three dimensions');
    fitLabels(post, info, classesOfHead(post, info));
    return;
  }
  if (post.kind === 'embedding') {
    const isPooled = post.pool !== undefined && post.pool !== 'none';
    if (isPooled && info.dims.length !== 3)
      throw wrong(`an output [N, tokens, size] for the pool '${post.pool}'`);
    if (!isPooled && !isRows(info)) throw wrong('an output [N, size] (or `pool` for [N, tokens, size])');
    return;
  }
  if (!isRows(info)) throw wrong('an output [N, classes]');
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

function classesOfHead(
  post: Extract<PipelineSpec['post'], { kind: 'detection' }>,
  info: TensorInfo,
): number | undefined {
  const { decode } = post;
  const numbers = fixedSize(info, decode.layout === 'channels-first' ? 1 : 2);
  if (numbers === undefined) return undefined;
  const objectness = decode.objectness ?? ['yolov3', 'yolov5', 'yolox'].includes(decode.form);
  const classes = numbers - 4 - Number(objectness) - Number(decode.background ?? false);
  if (classes >= 1) return classes;
  throw specError('ERR_TRT_ARG_VALUE', 'post.decode', {
    problem: `a head has four numbers of a box${objectness ? ', an objectness' : ''} and one for each class, but the model's "${info.name}" ${formatDims(info)} has ${numbers} along its ${decode.layout === 'channels-first' ? 'second' : 'last'} dimension: is the layout '${decode.layout ?? 'boxes-first'}' right?`,
    details: { option: 'layout', tensor: info.name, dims: info.dims },
  });
}

function fitLabels(
  { labels }: { labels?: readonly string[] | string },
  info: TensorInfo,
  classes: number | undefined,
): void {
  if (!Array.isArray(labels) || classes === undefined || labels.length === classes) return;
  throw specError('ERR_TRT_ARG_VALUE', 'post', {
    problem: `"labels" has ${labels.length} names, but the model's "${info.name}" ${formatDims(info)} has ${classes} classes.`,
    details: { option: 'labels', received: labels.length, expected: classes },
  });
}
