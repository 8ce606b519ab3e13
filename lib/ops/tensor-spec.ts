// SPDX-License-Identifier: Apache-2.0
// What operators are given: tensors on the host or on a device, and what is known of them without their content.

import { refuseForeign } from '../binding/package-copies';
import { TensorRTError } from '../errors';
import { describeType } from '../option-checks';
import { closedTensorError, DeviceTensor } from '../runtime/device-tensor';
import type { Tensor, TensorLike } from '../runtime/tensor';
import { arrayLength, elementArray, elementCount, type TensorData } from '../tensor/element-arrays';
import { ELEMENT_TYPES, type ElementType } from '../tensor/element-type';

/** Type and dims of a tensor: what an operator's plan is made of. */
export interface TensorSpec {
  /** Element type. */
  readonly type: ElementType;
  /** Dimensions, outermost first; empty for a scalar. All are known. */
  readonly dims: readonly number[];
}

/**
 * What operators take: an array with its type and dims on the host, or a tensor in the memory of a GPU.
 *
 * Without `type` the array's class tells it (a `Uint16Array` is `uint16`); without `dims` there is one dimension.
 */
export type OperatorTensor = Tensor | TensorLike | DeviceTensor;

/**
 * What an operator gives for an input: a {@link DeviceTensor} for one, else a {@link Tensor}.
 *
 * @typeParam I - The input.
 * @typeParam A - The result's array on the host.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Placed<I, A extends TensorData = any> = I extends DeviceTensor ? DeviceTensor : Tensor<A>;

/** Settings of an operator, as native code takes them. */
export type OperatorAttributes = Readonly<Record<string, number | boolean | string | readonly number[]>>;

/** One operator with all that is decided from types, dims and options: made by the `plan` functions. */
export interface OperatorPlan {
  /** Its name in native code: `'softmax'`. */
  readonly operator: string;
  /** Its settings, defaults filled in. */
  readonly attributes: OperatorAttributes;
  /** Types and dims of its results. */
  readonly outputs: readonly TensorSpec[];
}

/** Names an argument in messages: the public function, and what it was given as. */
export interface ArgumentName {
  /** `'softmax'`. */
  readonly operator: string;
  /** `'logits'`. */
  readonly argument: string;
}

const TYPES_BY_CLASS: Readonly<Record<string, ElementType>> = {
  Float32Array: 'float32',
  Float64Array: 'float64',
  Float16Array: 'float16',
  Int8Array: 'int8',
  Uint8Array: 'uint8',
  Int16Array: 'int16',
  Uint16Array: 'uint16',
  Int32Array: 'int32',
  Uint32Array: 'uint32',
  BigInt64Array: 'int64',
  BigUint64Array: 'uint64',
};

/**
 * Type and dims of an argument, which must hold together: array class, length, dims.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_TENSOR`; `ERR_TRT_RUN_DEVICE_TENSOR` for a closed device
 *   tensor.
 */
export function specOf(tensor: OperatorTensor, name: ArgumentName): TensorSpec {
  if (tensor instanceof DeviceTensor) {
    if (tensor.isClosed) throw closedTensorError(tensor, name);
    return { type: tensor.type, dims: tensor.dims };
  }
  if (typeof tensor !== 'object' || tensor === null || !('data' in tensor)) {
    refuseForeign(tensor, `${name.operator}()`);
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `${name.operator}() takes ${name.argument} as a tensor ({ type, data, dims }, or a DeviceTensor), not ${describeType(tensor)}.`,
      { details: { operator: name.operator, argument: name.argument, received: describeType(tensor) } },
    );
  }
  const data: unknown = tensor.data;
  const type = tensor.type ?? typeOfArray(data, name);
  const array = elementArray(type);
  if (array === undefined || !ELEMENT_TYPES.includes(type))
    throw tensorError(name, 'elements of a fixed size', `type ${JSON.stringify(type)}`);
  const className = ArrayBuffer.isView(data) ? (data as TensorData)[Symbol.toStringTag] : undefined;
  if (className === undefined || !array.accepts.includes(className))
    throw tensorError(name, `${array.accepts.join(' or ')} for ${type}`, describeType(data));
  const dims = readDims(tensor, name);
  const length = arrayLength(array, elementCount(dims));
  const found = (data as TensorData).length;
  if (found !== length)
    throw tensorError(
      name,
      `${length} ${array.bits < 8 ? 'bytes' : 'elements'} for ${formatSpec({ type, dims })}`,
      `${found}${detachedNote(data as TensorData)}`,
    );
  return { type, dims };
}

function typeOfArray(data: unknown, name: ArgumentName): ElementType {
  const className = ArrayBuffer.isView(data) ? (data as TensorData)[Symbol.toStringTag] : '';
  const type = TYPES_BY_CLASS[className];
  if (type === undefined) throw tensorError(name, 'a typed array as data', describeType(data));
  return type;
}

function readDims(tensor: Tensor | TensorLike, name: ArgumentName): readonly number[] {
  const dims: unknown = tensor.dims;
  if (dims === undefined) return [(tensor.data as TensorData).length];
  // A copy: the caller's list may change before the call runs.
  const copy: unknown[] | undefined = Array.isArray(dims) ? [...(dims as unknown[])] : undefined;
  // -0 becomes 0.
  if (copy?.every(isDim)) return copy.map((dim) => dim + 0);
  const came = copy === undefined ? describeType(dims) : `[${copy.map(describeNumber).join(', ')}]`;
  throw tensorError(name, 'dims of whole numbers, not negative', came);
}

function isDim(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function describeNumber(value: unknown): string {
  return typeof value === 'number' ? String(value) : describeType(value);
}

/** @throws {TensorRTError} `ERR_TRT_ARG_TENSOR` for a result that has more bytes than numbers can count. */
export function requireResult(spec: TensorSpec, operator: string): void {
  const elements = elementCount(spec.dims);
  if (Number.isSafeInteger(8 * elements) && spec.dims.every(isDim)) return;
  throw tensorError({ operator, argument: 'its result' }, 'dims and bytes below 2 ** 53', formatSpec(spec));
}

/** `float32 [1, 3, 224, 224]`. */
export function formatSpec({ type, dims }: TensorSpec): string {
  return `${type} [${dims.join(', ')}]`;
}

/**
 * The `ERR_TRT_ARG_TENSOR` of an argument.
 *
 * @param expected - `'float32 or float16'`, `'two dimensions'`.
 * @param came - What there was instead: `'int8 [4]'`.
 */
export function tensorError(name: ArgumentName, expected: string, came: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_ARG_TENSOR',
    `${name.operator}() expected ${expected} for ${name.argument}, got ${came}.`,
    { details: { operator: name.operator, argument: name.argument, expected, received: came } },
  );
}

/** @throws {TensorRTError} `ERR_TRT_ARG_TENSOR` unless the type is one of `types`. */
export function requireType(spec: TensorSpec, types: readonly ElementType[], name: ArgumentName): void {
  if (!types.includes(spec.type)) throw tensorError(name, types.join(' or '), formatSpec(spec));
}

/** @throws {TensorRTError} `ERR_TRT_ARG_TENSOR` unless there are `least` to `most` dimensions. */
export function requireRank(
  spec: TensorSpec,
  [least, most]: readonly [least: number, most: number],
  name: ArgumentName,
): void {
  const rank = spec.dims.length;
  if (rank >= least && rank <= most) return;
  const expected =
    least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
  throw tensorError(name, `${expected} dimension${expected === '1' ? '' : 's'}`, formatSpec(spec));
}

/** @throws {TensorRTError} `ERR_TRT_ARG_TENSOR` unless type and dims are those of `expected`. */
export function requireSpec(spec: TensorSpec, expected: TensorSpec, name: ArgumentName): void {
  if (!isSameSpec(spec, expected)) throw tensorError(name, formatSpec(expected), formatSpec(spec));
}

/** Whether types and dims are equal. */
export function isSameSpec(a: TensorSpec, b: TensorSpec): boolean {
  return a.type === b.type && isSameList(a.dims, b.dims, Object.is);
}

/** Whether lists have as many elements, and `isSame` holds for each two. */
export function isSameList<T>(
  a: readonly T[],
  b: readonly T[],
  isSame: (one: T, other: T) => boolean,
): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (!isSame(a[index]!, b[index]!)) return false;
  return true;
}

/** Why an array is shorter than it should be, where its buffer tells. */
export function detachedNote(data: TensorData): string {
  return data.length === 0 && data.buffer.byteLength === 0
    ? '; its buffer is empty: was it transferred, or its binding closed?'
    : '';
}
