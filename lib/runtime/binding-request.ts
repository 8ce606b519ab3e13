// SPDX-License-Identifier: Apache-2.0
// What a caller asks of a binding, checked and in the form that native code takes.

import type { NativeArray, NativeBinding, NativeInput } from '../binding/contract';
import { refuseForeign } from '../binding/package-copies';
import { TensorRTError } from '../errors';
import { arrayLength, elementCount, type TensorData } from '../tensor/element-arrays';
import type { ElementType } from '../tensor/element-type';
import type { TensorInfo } from '../tensor/tensor-info';
import { didYouMean } from '../text/nearest-name';
import { DeviceTensor } from './device-tensor';
import { checkDims, fixedDims, formatDims, prepareFeeds, readDeviceTensor, type InputSpec } from './feeds';
import { describeType, rejectUnknownOptions } from '../option-checks';
import type { DeviceOutputs } from './output-types';
import type { SessionOutputs } from './session-outputs';

/** Options of `Session.createBinding()`. */
export interface BindingOptions<D extends DeviceOutputs = DeviceOutputs> {
  /** Inputs that are in the GPU's memory already and are used in place. */
  inputs?: Readonly<Record<string, DeviceTensor>>;
  /**
   * What inputs hold at first. Needed for shape tensors: their values decide on the sizes of outputs, and other values
   * later must leave them as they are. Numbers are converted to the input's type; types whose arrays hold encoded bits
   * (float16 in a `Uint16Array`, bfloat16, float8, packed ones) take arrays alone.
   */
  values?: Readonly<Record<string, readonly number[] | readonly bigint[] | TensorData>>;
  /** Outputs that stay in the GPU's memory: names, or `true` for all. Default: none. */
  deviceOutputs?: D;
}

const OPTION_NAMES = ['inputs', 'values', 'deviceOutputs'] as const;

/** Shapes of the inputs of a binding, by name. */
export type BindingShapes = Readonly<Record<string, readonly number[]>>;

/** What a binding is asked of. */
export interface BindingTarget {
  readonly specs: readonly InputSpec[];
  readonly outputs: readonly TensorInfo[];
  readonly sessionOutputs: SessionOutputs;
  readonly device: string;
}

/** A binding in the form that native code takes. */
export interface BindingRequest {
  /** Dims of every input. */
  readonly dims: (readonly number[])[];
  /** What each input holds at first, or its place on the device; null for neither. */
  readonly inputs: readonly (NativeInput | null)[];
  /** As `NativeSession.bind()` takes them: of the content, that of shape tensors alone. */
  readonly places: (NativeInput | 'device' | null)[] | null;
}

/**
 * Checks what a binding is asked for.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_*`, `ERR_TRT_RUN_INPUT_*`, `ERR_TRT_RUN_OUTPUT_NAME`,
 * `ERR_TRT_RUN_DEVICE_TENSOR`, `ERR_TRT_RUN_UNSUPPORTED`
 */
export function prepareBinding(
  target: BindingTarget,
  shapes: BindingShapes,
  options: BindingOptions,
): BindingRequest {
  rejectUnknownOptions('createBinding', options, OPTION_NAMES);
  rejectStrings(target);
  const { inputs: tensors = {}, values = {}, deviceOutputs } = options;
  const names = target.specs.map(({ info }) => info.name);
  for (const given of [shapes, tensors, values]) rejectUnknownInputs(names, given);
  if (deviceOutputs !== undefined) target.sessionOutputs.checkDeviceOutputs(deviceOutputs);
  const inputs = target.specs.map((spec) =>
    placeOf(spec, { tensors, values, shapes, device: target.device }),
  );
  const outputs = target.outputs.map(({ name }) => {
    const isOnDevice = deviceOutputs === true || (deviceOutputs || []).includes(name);
    return isOnDevice ? ('device' as const) : null;
  });
  // Only the values of shape tensors are of use before a run; the others are written into the binding's memory later.
  const inputPlaces = inputs.map(({ place }, index) => {
    const isContent = ArrayBuffer.isView(place) && target.specs[index]!.info.isShapeTensor !== true;
    return isContent ? null : place;
  });
  const places = [...inputPlaces, ...outputs];
  return {
    dims: inputs.map(({ dims }) => dims),
    inputs: inputs.map(({ place }) => place),
    places: places.every((place) => place === null) ? null : places,
  };
}

/** The memory of a binding is as large as its dims say, whatever is written to it. */
function rejectStrings({ specs, outputs }: BindingTarget): void {
  const tensors = [
    ...specs.map(({ info }) => ({ info, what: 'Input' })),
    ...outputs.map((info) => ({ info, what: 'Output' })),
  ];
  const found = tensors.find(({ info }) => info.type === 'string');
  if (found === undefined) return;
  throw new TensorRTError(
    'ERR_TRT_RUN_UNSUPPORTED',
    `${found.what} "${found.info.name}" is a string tensor, whose size its dims do not tell: a binding cannot hold it.`,
    { hint: 'Use run() or runSync().', details: { tensor: found.info.name } },
  );
}

/**
 * Refuses outputs on the device whose size the data decides. A run would tell it to the binding, but whoever was given
 * the device tensor has dims from before and memory that is used in part.
 *
 * @throws {TensorRTError} `ERR_TRT_RUN_UNSUPPORTED`; the binding is closed then.
 */
export function checkDevicePlaces(binding: NativeBinding, infos: readonly TensorInfo[]): void {
  const index = binding.outputs.findIndex(
    (place, i) => 'download' in place && binding.outputDims[i]!.includes(-1),
  );
  if (index < 0) return;
  for (const place of binding.outputs) if ('download' in place) place.close();
  binding.close();
  const { name } = infos[index]!;
  throw new TensorRTError(
    'ERR_TRT_RUN_UNSUPPORTED',
    `Output "${name}" [${binding.outputDims[index]!.map((dim) => (dim < 0 ? '?' : dim)).join(', ')}] has a size that follows from the data: it cannot stay on the device in a binding.`,
    {
      hint: 'Use session.run() with `deviceOutputs`, or leave this output out of those of the binding.',
      details: { output: name, dims: binding.outputDims[index] },
    },
  );
}

/** Writes what inputs hold at first. By bytes: float16 comes as `Uint16Array` or as `Float16Array`. */
export function writeContent(
  inputs: BindingRequest['inputs'],
  buffers: readonly (ArrayBuffer | null)[],
): void {
  inputs.forEach((content, index) => {
    const buffer = buffers[index];
    if (!buffer || !ArrayBuffer.isView(content)) return;
    new Uint8Array(buffer).set(new Uint8Array(content.buffer, content.byteOffset, content.byteLength));
  });
}

function rejectUnknownInputs(names: readonly string[], given: object): void {
  if (typeof given !== 'object' || given === null) {
    throw new TensorRTError(
      'ERR_TRT_ARG_TYPE',
      `createBinding() takes shapes, inputs and values by input name, not ${describeType(given)}.`,
    );
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new TensorRTError(
    'ERR_TRT_RUN_INPUT_NAME',
    `The model has no input "${unknown}".${didYouMean(unknown, names)}`,
    { details: { input: unknown, expected: names } },
  );
}

interface Given {
  readonly tensors: NonNullable<BindingOptions['inputs']>;
  readonly values: NonNullable<BindingOptions['values']>;
  readonly shapes: BindingShapes;
  readonly device: string;
}

function placeOf(
  spec: InputSpec,
  { tensors, values, shapes, device }: Given,
): { place: NativeInput | null; dims: readonly number[] } {
  const { name } = spec.info;
  const tensor = tensors[name];
  if (tensor !== undefined) {
    if (!(tensor instanceof DeviceTensor)) {
      refuseForeign(tensor, `createBinding() for input "${name}"`);
      throw new TensorRTError(
        'ERR_TRT_ARG_TYPE',
        `createBinding() takes device tensors as inputs, but "${name}" is ${describeType(tensor)}.`,
        { hint: 'Give arrays as `values`, or write them into `binding.inputs`.', details: { input: name } },
      );
    }
    if (values[name] !== undefined)
      throw contradiction(name, 'is given both in `inputs` and in `values`', 'Give it in one of them.');
    const { data, shape } = readDeviceTensor(spec, tensor, device);
    const asked = shapes[name];
    if (asked !== undefined && checkDims(spec.info, asked).some((dim, i) => dim !== shape[i])) {
      throw contradiction(
        name,
        `has the shape [${asked.join(', ')}], but its device tensor has the dims [${shape.join(', ')}]`,
        'Leave the shape out: that of the device tensor is taken.',
      );
    }
    return { place: data, dims: shape };
  }
  const dims = hostDims(spec.info, shapes[name]);
  const given = values[name];
  if (given !== undefined) return { place: contentOf(spec, given, dims), dims };
  if (spec.info.isShapeTensor === true) throw missingValues(spec.info);
  return { place: null, dims };
}

function hostDims(info: TensorInfo, given: readonly number[] | undefined): readonly number[] {
  const dims = given ?? fixedDims(info);
  if (dims) return checkDims(info, dims);
  throw new TensorRTError(
    'ERR_TRT_RUN_INPUT_SHAPE',
    `Input "${info.name}" has dynamic dims ${formatDims(info)}: a binding needs them all.`,
    {
      hint: `Write createBinding({ ${JSON.stringify(info.name)}: [...] }).`,
      details: { input: info.name, expected: info.dims },
    },
  );
}

/** A copy: what the caller does with the array later is of no matter. */
function contentOf(
  spec: InputSpec,
  given: readonly number[] | readonly bigint[] | TensorData,
  dims: readonly number[],
): NativeArray {
  const data = Array.isArray(given)
    ? convertNumbers(spec, given as readonly unknown[], dims)
    : (given as TensorData);
  const { arrays } = prepareFeeds([spec], { [spec.info.name]: { data, dims } });
  return (arrays[0] as TensorData).slice();
}

function convertNumbers(
  { info, array }: InputSpec,
  given: readonly unknown[],
  dims: readonly number[],
): TensorData {
  if (!isNumeric(info.type, array)) {
    throw new TensorRTError(
      'ERR_TRT_RUN_INPUT_TYPE',
      `Expected ${array.accepts.join(' or ')} for input "${info.name}" (${info.type}), got a list of numbers, which are not converted to this type.`,
      { details: { input: info.name, type: info.type, expected: array.accepts } },
    );
  }
  const length = arrayLength(array, elementCount(dims));
  if (given.length !== length) {
    throw new TensorRTError(
      'ERR_TRT_RUN_INPUT_SIZE',
      `Expected ${length} values for input "${info.name}" (${info.type} [${dims.join(', ')}]), got ${given.length}.`,
      { details: { input: info.name, received: given.length } },
    );
  }
  const data = new array.ArrayClass(length);
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
  const range = integerRange(info.type);
  given.forEach((value, index) => {
    const isRight =
      range === undefined
        ? typeof value === 'number' || typeof value === 'bigint'
        : typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
    const isNumber = typeof value === 'number' || typeof value === 'bigint';
    if (!isRight || (range && isNumber && (value < range[0] || value > range[1]))) {
      const expected = range ? `whole numbers from ${range[0]} to ${range[1]}` : 'numbers';
      throw new TensorRTError(
        'ERR_TRT_RUN_INPUT_TYPE',
        `Expected ${expected} for input "${info.name}" (${info.type}), but value ${index} is ${isNumber ? value : describeType(value)}.`,
        { details: { input: info.name, type: info.type, index } },
      );
    }
    (data as unknown as unknown[])[index] = isBig ? BigInt(value as number) : Number(value);
  });
  return data;
}

/** False for types whose arrays hold bits that stand for something else. */
function isNumeric(type: ElementType, { ArrayClass }: InputSpec['array']): boolean {
  if (type === 'float16') return ArrayClass !== Uint16Array;
  return type === 'float32' || type === 'float64' || integerRange(type) !== undefined;
}

/** Smallest and largest value of an integer type. */
function integerRange(type: ElementType): readonly [bigint, bigint] | undefined {
  if (type === 'bool') return [0n, 1n];
  const [, unsigned, digits] = /^(u?)int(8|16|32|64)$/.exec(type) ?? [];
  if (digits === undefined) return undefined;
  const bits = BigInt(digits);
  return unsigned === 'u' ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}

function contradiction(input: string, what: string, hint: string): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_VALUE', `Input "${input}" of the binding ${what}.`, {
    hint,
    details: { input },
  });
}

function missingValues(info: TensorInfo): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_RUN_INPUT_MISSING',
    `Input "${info.name}" is a shape tensor (${info.type} ${formatDims(info)}): a binding needs its values.`,
    {
      hint: `Write createBinding(shapes, { values: { ${JSON.stringify(info.name)}: [...] } }).`,
      details: { missing: [info.name] },
    },
  );
}
