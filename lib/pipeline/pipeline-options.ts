// SPDX-License-Identifier: Apache-2.0
import type { GpuName, SessionOptions } from '../index';
import { DEFAULT_MAX_PIXELS } from '../ops/image/decode-jpeg';
import { integer, isPlainObject, oneOf, rejectUnknownOptions, typeError, valueError } from '../option-checks';
import { PIPELINE_TASKS } from './spec/check-spec';
import type { PipelineSpec, PipelineTask } from './spec/pipeline-spec';

/**
 * Options of `createPipeline()`.
 *
 * @typeParam T - The task, which a spec that is given as an object tells the compiler.
 */
export interface PipelineOptions<T extends PipelineTask = PipelineTask> {
  /**
   * What is done before and after the model, or the path of a JSON file that says it. Default: what the engine's manifest
   * has, else the file beside the model: `photo.pipeline.json` for `photo.onnx`.
   */
  spec?: Extract<PipelineSpec, { task: T }> | string;
  /** What the spec must be for: another one is an error. For the compiler where it does not see the spec. */
  task?: T;
  /** Where to run, as for `createSession()`. Default: `'auto'`. */
  device?: 'auto' | 'cpu' | GpuName;
  /** Other options of `createSession()`. */
  session?: SessionOptions;
  /** Inputs of one run of the model, at most. Default: as many as the model takes, and 32 where it sets no bound. */
  maxBatch?: number;
  /** Pixels of an encoded image, at most; more are refused by the file's head. Default: 100 million. */
  maxPixels?: number;
  /**
   * What decodes image files. `'auto'` (default): nvJPEG for JPEG files on a GPU where it is installed, else sharp.
   * `'sharp'`: sharp, whose pixels are the same on every machine. `'nvjpeg'`: as `'auto'`, but an error where nvJPEG is
   * not there. Other formats, and photos that need turning, are sharp's in any case.
   */
  decode?: 'auto' | 'sharp' | 'nvjpeg';
  /** CPU: threads that share the work before and after the model. Default: one for each core. */
  threads?: number;
}

const OPTION_NAMES = [
  ...['spec', 'task', 'device', 'session', 'maxBatch', 'maxPixels', 'decode', 'threads'],
] as const satisfies readonly (keyof PipelineOptions)[];

/** Options with their defaults. */
export interface CheckedPipelineOptions extends Omit<PipelineOptions, 'spec' | 'device'> {
  readonly spec: PipelineSpec | string | undefined;
  readonly session: SessionOptions;
  readonly maxPixels: number;
}

/** @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION` */
export function checkPipelineOptions(options: PipelineOptions): CheckedPipelineOptions {
  rejectUnknownOptions('createPipeline', options, OPTION_NAMES);
  const { spec, task, device, session = {}, maxBatch, threads, decode } = options;
  const { maxPixels = DEFAULT_MAX_PIXELS } = options;
  if (spec !== undefined && typeof spec !== 'string' && !isPlainObject(spec))
    throw typeError('spec', spec, "a pipeline's spec or the path of its file");
  if (task !== undefined) oneOf(...PIPELINE_TASKS)('task', task);
  if (!isPlainObject(session)) throw typeError('session', session, 'the options of createSession()');
  if (device !== undefined && session.device !== undefined && device !== session.device)
    throw valueError('device', device, `'${session.device}', as session.device says, or left out`);
  if (maxBatch !== undefined) integer(1, 65_535)('maxBatch', maxBatch);
  integer(1, 2 ** 32)('maxPixels', maxPixels);
  if (threads !== undefined) integer(1, 256)('threads', threads);
  if (decode !== undefined) oneOf('auto', 'sharp', 'nvjpeg')('decode', decode);
  return {
    spec,
    task,
    maxBatch,
    maxPixels,
    threads,
    decode,
    session: { ...session, ...(device === undefined ? {} : { device }) },
  };
}
