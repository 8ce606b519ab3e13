// SPDX-License-Identifier: Apache-2.0
// Holds a spec against a model: what the spec leaves out the model decides, and what both say must agree.

import { isPlainObject } from '../../option-checks';
import {
  readPreprocessOptions,
  type PreprocessSettings,
  type PreprocessType,
} from '../../ops/image/preprocess-options';
import type { TensorInfo } from '../../tensor/tensor-info';
import { formatDims } from '../../runtime/feeds';
import { imageSettings } from './check-inputs';
import { fitOthers, type FittedOther } from './fit-others';
import { chooseOutputs, fitOutputs, unbatchedOutput } from './fit-outputs';
import { chooseTensor, fixedSize, type ModelTensors } from './model-tensors';
import type { AudioPre, ImagePre, PipelineSpec } from './pipeline-spec';
import { checkedAt, specError } from './spec-error';

export { fixedSize, type ModelTensors } from './model-tensors';

/** A spec that fits a model, with what the model decided. */
export interface FittedSpec {
  readonly spec: PipelineSpec;
  readonly input: TensorInfo;
  /** Those that are asked for, in the order of the post's fields. */
  readonly outputs: readonly TensorInfo[];
  /** Complete settings of `preprocessImages()`; for sounds there are none. */
  readonly image: PreprocessSettings | undefined;
  /** Inputs of one run, where the model fixes it. */
  readonly batch: number | undefined;
  /** The model's other inputs. */
  readonly others: readonly FittedOther[];
}

/**
 * Holds a checked spec against a model.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_VALUE` for names that the model does not have, and where spec and model
 *   contradict each other: the message has both.
 */
export function fitSpec(spec: PipelineSpec, model: ModelTensors): FittedSpec {
  const others = spec.pre.others ?? {};
  const tensors = model.inputs.filter(({ name }) => !Object.hasOwn(others, name) || name === spec.pre.input);
  const input = chooseTensor('pre', 'input', { name: spec.pre.input, tensors });
  const fittedOthers = fitOthers(others, model, input);
  const outputs = chooseOutputs(spec, model.outputs);
  const image = spec.pre.kind === 'image' ? fitImage(spec.pre, input) : undefined;
  if (spec.pre.kind === 'audio') fitAudio(spec.pre, input);
  fitOutputs(spec, outputs);
  const batch = fitBatch(spec, input, outputs);
  return { spec, input, outputs, image, batch, others: fittedOthers };
}

/** Inputs of one run: one, where outputs have no dimension for more. */
function fitBatch(spec: PipelineSpec, input: TensorInfo, outputs: readonly TensorInfo[]): number | undefined {
  const batch = fixedSize(input, 0);
  if (spec.post.kind !== 'end-to-end') return batch;
  const single = unbatchedOutput(spec.post, outputs);
  if (single === undefined) return batch;
  if (batch !== undefined && batch > 1)
    throw specError('ERR_TRT_ARG_VALUE', 'post', {
      problem: `the model takes ${batch} images at once, but its "${single.name}" ${formatDims(single)} does not tell which image a row is of.`,
      details: { option: 'columns', tensor: single.name, dims: single.dims },
    });
  return 1;
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
