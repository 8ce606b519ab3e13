// SPDX-License-Identifier: Apache-2.0
// Checking what a caller feeds to a model, once, before native code sees it. Each message says what was expected, of
// which input, and what came.

import type { NativeDeviceTensor, NativeInput } from '../binding/contract';
import { refuseForeign } from '../binding/package-copies';
import { TensorRTError } from '../errors';
import {
  arrayLength,
  elementArray,
  elementCount,
  STRING_ARRAY,
  type ElementArray,
  type StringData,
  type TensorData,
} from '../tensor/element-arrays';
import { packStrings } from '../tensor/packed-strings';
import type { TensorInfo } from '../tensor/tensor-info';
import { didYouMean } from '../text/nearest-name';
import { describeType } from '../option-checks';
import { DeviceTensor, nativeTensorFor } from './device-tensor';
import type { StringTensorLike, TensorLike } from './tensor';

/**
 * Inputs by name. A bare typed array, or array of strings, is enough where the model fixes the shape, or leaves exactly
 * one dimension open that the array's length determines. A device tensor is used in place, by sessions on its own device.
 */
export type Feeds = Readonly<
  Record<string, TensorData | StringData | TensorLike | StringTensorLike | DeviceTensor>
>;

/** Elements of an input as callers give them. */
type FeedData = TensorData | StringData;

/** An input of a model with what is known about it before any call. */
export interface InputSpec {
  readonly info: TensorInfo;
  readonly array: ElementArray;
  /** Length of the typed array where the model fixes every dimension, else -1. */
  readonly fixedLength: number;
}

/** Inputs in the model's order. */
export interface PreparedFeeds {
  readonly arrays: NativeInput[];
  /** Dims of each input that the model leaves open, null for the others; null if there is none. */
  readonly dims: (readonly number[] | null)[] | null;
}

/** Dims without symbols, or undefined if one is dynamic or nothing is known about them. */
export function fixedDims(info: TensorInfo): readonly number[] | undefined {
  return info.hasShape !== false && info.dims.every(isFixed) ? info.dims : undefined;
}

function isFixed(dim: number | string): dim is number {
  return typeof dim === 'number' && dim >= 0;
}

/** Works out what can be known about an input before any call. */
export function inputSpec(info: TensorInfo): InputSpec {
  const array = info.type === 'string' ? STRING_ARRAY : elementArray(info.type);
  if (array === undefined)
    throw new TensorRTError(
      'ERR_TRT_RUN_MODEL',
      `Input "${info.name}" has elements of type ${info.type}, which cannot be passed.`,
    );
  const dims = fixedDims(info);
  return { info, array, fixedLength: dims ? arrayLength(array, elementCount(dims)) : -1 };
}

/**
 * Checks names, types, shapes and sizes.
 *
 * @param device - Where the session runs: device tensors must be there too.
 * @throws {TensorRTError} `ERR_TRT_RUN_INPUT_*`, or `ERR_TRT_ARG_TYPE` if `feeds` is no object;
 * `ERR_TRT_RUN_DEVICE_TENSOR`.
 */
export function prepareFeeds(specs: readonly InputSpec[], feeds: Feeds, device = 'cpu'): PreparedFeeds {
  if (typeof feeds !== 'object' || feeds === null) {
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `Expected inputs as { name: array }, got ${describeType(feeds)}.`,
    );
  }
  const arrays: NativeInput[] = [];
  let dims: (readonly number[] | null)[] | null = null;
  for (let index = 0; index < specs.length; index++) {
    const spec = specs[index]!;
    const feed = feeds[spec.info.name];
    if (feed === undefined) throw missingInput(specs, feeds);
    if (ArrayBuffer.isView(feed) && spec.fixedLength >= 0) {
      checkType(spec, feed);
      if (feed.length !== spec.fixedLength) throw wrongSize(spec, feed, spec.info.dims as readonly number[]);
      arrays.push(feed);
      continue;
    }
    const { data, shape } =
      feed instanceof DeviceTensor ? readDeviceTensor(spec, feed, device) : readFeed(spec, feed);
    arrays.push(isStrings(data) ? packStrings(data) : data);
    if (spec.fixedLength < 0) (dims ??= specs.map(() => null))[index] = shape;
  }
  // Every input is there: a different number of names means that one is unknown.
  if (Object.keys(feeds).length !== specs.length) rejectUnknownNames(specs, feeds);
  return { arrays, dims };
}

function readFeed(
  spec: InputSpec,
  feed: FeedData | TensorLike | StringTensorLike,
): { data: FeedData; shape: readonly number[] } {
  if (ArrayBuffer.isView(feed) || Array.isArray(feed)) {
    checkType(spec, feed);
    return { data: feed, shape: inferDims(spec, feed) };
  }
  if (typeof feed !== 'object' || feed === null || !('data' in feed)) {
    refuseForeign(feed, `Input "${spec.info.name}"`, 'ERR_TRT_RUN_INPUT_TYPE');
    throw wrongType(spec, describeType(feed));
  }
  const { data, dims, type } = feed;
  if (type !== undefined && type !== spec.info.type) throw wrongType(spec, `a tensor of type ${type}`);
  checkType(spec, data);
  const shape = dims === undefined ? inferDims(spec, data) : checkDims(spec.info, dims);
  if (data.length !== arrayLength(spec.array, elementCount(shape))) throw wrongSize(spec, data, shape);
  return { data, shape };
}

/**
 * Checks a device tensor that is given as an input.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_INPUT_*`, `ERR_TRT_RUN_DEVICE_TENSOR`
 */
export function readDeviceTensor(
  { info, array }: Pick<InputSpec, 'info' | 'array'>,
  tensor: DeviceTensor,
  device: string,
): { data: NativeDeviceTensor; shape: readonly number[] } {
  const data = nativeTensorFor(tensor, device, info.name);
  if (tensor.type !== info.type) throw wrongType({ info, array }, `a device tensor of type ${tensor.type}`);
  // TensorRT reads the values on the host, before it starts any work on the device.
  if (info.isShapeTensor === true) throw wrongType({ info, array }, 'a device tensor for a shape tensor');
  return { data, shape: checkDims(info, tensor.dims) };
}

function isStrings(data: FeedData | NativeDeviceTensor): data is StringData {
  return Array.isArray(data);
}

function checkStrings(spec: InputSpec, data: FeedData): void {
  if (!Array.isArray(data)) throw wrongType(spec, describeType(data));
  // By index: a hole is no string either.
  for (let index = 0; index < data.length; index++) {
    const item: unknown = data[index];
    if (typeof item === 'string') continue;
    throw wrongType(spec, `an array whose element ${index} is ${describeType(item)}`);
  }
}

function checkType(spec: InputSpec, data: FeedData): void {
  if (spec.array === STRING_ARRAY) return checkStrings(spec, data);
  // By the name that the array itself tells, so that arrays of another realm (vm, test runners) and Buffers pass.
  const name = ArrayBuffer.isView(data) ? data[Symbol.toStringTag] : undefined;
  if (name === spec.array.accepts[0] || (name !== undefined && spec.array.accepts.includes(name))) return;
  throw wrongType(spec, name ?? describeType(data));
}

/** The dims that a bare array stands for: at most one may be open, and its length decides it. */
function inferDims(spec: InputSpec, data: FeedData): readonly number[] {
  const { info, array } = spec;
  const fixed = fixedDims(info);
  if (fixed) {
    if (data.length !== spec.fixedLength) throw wrongSize(spec, data, fixed);
    return fixed;
  }
  const open = info.dims.filter((dim) => !isFixed(dim)).length;
  const known = elementCount(info.dims.filter(isFixed));
  const elements = array.bits < 8 ? (data.length * 8) / array.bits : data.length;
  if (open !== 1 || known === 0 || array.bits < 8) {
    throw wrongShape(
      info,
      `a bare ${spec.array.accepts[0]}, which does not tell its dims`,
      'Pass { data, dims }.',
    );
  }
  // No batch of nothing: its elements have gone elsewhere.
  if (elements % known !== 0 || isDetached(data)) {
    throw sizeError(
      spec,
      `Expected a multiple of ${known} elements for input "${info.name}" ${formatDims(info)}, got ${data.length}.${detachedNote(data)}`,
      data,
    );
  }
  return info.dims.map((dim) => (isFixed(dim) ? dim : elements / known));
}

/**
 * Holds dims against the model's.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_INPUT_SHAPE`
 */
export function checkDims(info: TensorInfo, dims: readonly number[]): readonly number[] {
  const isShape = dims instanceof Array && dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
  if (!isShape) throw wrongShape(info, JSON.stringify(dims), 'dims are whole numbers, not negative.');
  if (info.hasShape === false) return [...dims];
  const fits =
    dims.length === info.dims.length && info.dims.every((dim, i) => !isFixed(dim) || dim === dims[i]);
  if (!fits) throw wrongShape(info, `[${dims.join(', ')}]`);
  // A copy: the caller's array may change before the call runs.
  return [...dims];
}

/** `[batch, 3, ?, 224]`, `[…]` where nothing is known. */
export function formatDims(info: TensorInfo): string {
  if (info.hasShape === false) return '[…]';
  return `[${info.dims.map((dim) => (dim === -1 ? '?' : dim)).join(', ')}]`;
}

function missingInput(specs: readonly InputSpec[], feeds: Feeds): TensorRTError {
  const names = specs.map(({ info }) => info.name);
  const absent = specs.map(({ info }) => info).filter(({ name }) => feeds[name] === undefined);
  const missing = absent.map(({ name }) => name);
  // A misspelled name is both missing and unknown: the message with the suggestion is the better one.
  rejectUnknownNames(specs, feeds);
  const described = absent.map((info) => `"${info.name}" (${info.type} ${formatDims(info)})`).join(', ');
  return new TensorRTError(
    'ERR_TRT_RUN_INPUT_MISSING',
    `Expected the inputs ${quoteAll(names)}; ${described} ${missing.length === 1 ? 'is' : 'are'} missing.`,
    { details: { missing, expected: names } },
  );
}

function rejectUnknownNames(specs: readonly InputSpec[], feeds: Feeds): void {
  const names = specs.map(({ info }) => info.name);
  const unknown = Object.keys(feeds).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new TensorRTError(
    'ERR_TRT_RUN_INPUT_NAME',
    `The model has no input "${unknown}".${didYouMean(unknown, names)} Its inputs are ${quoteAll(names)}.`,
    { details: { input: unknown, expected: names } },
  );
}

function wrongType({ info, array }: Pick<InputSpec, 'info' | 'array'>, came: string): TensorRTError {
  const expected = array.accepts.join(' or ');
  return new TensorRTError(
    'ERR_TRT_RUN_INPUT_TYPE',
    `Expected ${expected} for input "${info.name}" (${info.type}), got ${came}.`,
    { details: { input: info.name, type: info.type, expected: array.accepts, received: came } },
  );
}

function wrongShape(info: TensorInfo, came: string, hint?: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_RUN_INPUT_SHAPE',
    `Expected dims ${formatDims(info)} for input "${info.name}", got ${came}.`,
    {
      hint,
      details: { input: info.name, expected: info.dims, received: came },
    },
  );
}

function wrongSize(spec: InputSpec, data: FeedData, dims: readonly number[]): TensorRTError {
  const { info, array } = spec;
  const length = arrayLength(array, elementCount(dims));
  const unit = array.bits < 8 ? 'bytes' : 'elements';
  return sizeError(
    spec,
    `Expected ${length} ${unit} for input "${info.name}" (${info.type} [${dims.join(', ')}]), got ${data.length}.${detachedNote(data)}`,
    data,
  );
}

function sizeError({ info }: InputSpec, message: string, data: FeedData): TensorRTError {
  return new TensorRTError('ERR_TRT_RUN_INPUT_SIZE', message, {
    details: { input: info.name, received: data.length },
  });
}

function detachedNote(data: FeedData): string {
  return !isStrings(data) && data.length === 0 && data.buffer.byteLength === 0
    ? ' Its buffer is empty: was it transferred or detached?'
    : '';
}

function isDetached(data: FeedData): boolean {
  if (isStrings(data)) return false;
  const { buffer, length } = data;
  if (length > 0 || buffer.byteLength > 0) return false;
  try {
    // `detached` is of newer Node.js versions; this tells it on all.
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

function quoteAll(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
