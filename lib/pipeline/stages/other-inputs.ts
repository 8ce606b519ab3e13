// SPDX-License-Identifier: Apache-2.0
// Inputs of a model that are neither image nor sound: made for each run.

import { TensorRTError } from '../../errors';
import { describeType, isPlainObject } from '../../option-checks';
import type { ImageTransform } from '../../ops/image/transform';
import { DeviceTensor } from '../../runtime/device-tensor';
import { Tensor, type StringTensorLike, type TensorLike } from '../../runtime/tensor';
import { elementArray, type TensorData } from '../../tensor/element-arrays';
import type { ElementType } from '../../tensor/element-type';
import { didYouMean } from '../../text/nearest-name';
import type { FittedOther } from '../spec/fit-others';
import type { ImageSizeInput } from '../spec/pipeline-spec';
import type { ModelSize } from './box-numbers';

/** What a call gives for inputs of the kind `'given'`: a row for each image or sound of the call. */
export type GivenTensors = Readonly<Record<string, TensorLike | StringTensorLike>>;

/** What a run is of. */
export interface OtherRun {
  /** Places of its images in the call. */
  readonly places: readonly number[];
  /** With padding. */
  readonly batch: number;
  readonly transforms: readonly ImageTransform[];
  /** Of the call, checked. */
  readonly given: GivenTensors;
  /** Images of the call. */
  readonly count: number;
}

/** The model's other inputs. */
export class OtherInputs {
  readonly #others: readonly FittedOther[];
  /** Of images: the model's input. */
  readonly #model: ModelSize | undefined;

  constructor(others: readonly FittedOther[], model: ModelSize | undefined) {
    this.#others = others;
    this.#model = model;
  }

  /**
   * Checks what a call gives.
   *
   * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_TENSOR`
   */
  check(given: unknown, count: number): GivenTensors {
    const names = this.#others.filter(({ source }) => source.kind === 'given').map(({ info }) => info.name);
    if (given !== undefined && !isPlainObject(given))
      throw new TensorRTError(
        'ERR_TRT_ARG_TYPE',
        `\`others\` must be an object of tensors, not ${describeType(given)}.`,
        {
          details: { option: 'others' },
        },
      );
    const tensors = (given ?? {}) as GivenTensors;
    const unknown = Object.keys(tensors).find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new TensorRTError(
        'ERR_TRT_ARG_VALUE',
        `\`others\` has "${unknown}", which the spec does not have as an input that calls give.${didYouMean(unknown, names)}`,
        { details: { option: 'others', received: unknown, expected: names } },
      );
    for (const name of names) checkGiven(name, tensors[name], count);
    return tensors;
  }

  /** Inputs of one run. */
  feeds(run: OtherRun): Record<string, Tensor> {
    return Object.fromEntries(
      this.#others.map((other) => {
        const { source, info } = other;
        if (source.kind === 'constant') return [info.name, constant(other, run.batch)];
        if (source.kind === 'given') return [info.name, rowsOf(run.given[info.name]!, info.type, run)];
        return [
          info.name,
          sizes(source, { type: info.type, transforms: run.transforms, model: this.#model! }),
        ];
      }),
    );
  }
}

function checkGiven(name: string, tensor: unknown, count: number): void {
  const problem = (expected: string, got: string): TensorRTError =>
    new TensorRTError(
      'ERR_TRT_ARG_TENSOR',
      `The model's input "${name}" needs ${expected} in \`others\` of the call, got ${got}.`,
      { details: { input: name, count } },
    );
  const rows = `a tensor { data, dims } on the host with a row for each of ${count} inputs`;
  if (typeof tensor !== 'object' || tensor === null || tensor instanceof DeviceTensor)
    throw problem(rows, tensor instanceof DeviceTensor ? 'one on a device' : describeType(tensor));
  const { data, dims } = tensor as TensorLike;
  if (!ArrayBuffer.isView(data) && !Array.isArray(data)) throw problem(rows, `data of ${describeType(data)}`);
  if (!Array.isArray(dims) || dims[0] !== count)
    throw problem(rows, Array.isArray(dims) ? `dims [${dims.join(', ')}]` : 'no dims');
  if (count > 0 && (data as Float32Array).length % count !== 0)
    throw problem(rows, `${(data as Float32Array).length} elements, which do not come apart`);
}

/** Rows of the run's inputs; padding has those of the last. */
function rowsOf(
  tensor: TensorLike | StringTensorLike,
  type: ElementType,
  { places, batch, count }: OtherRun,
): Tensor {
  const { data } = tensor as { data: Uint8Array | readonly string[] };
  const size = data.length / count;
  const rows = Array.from({ length: batch }, (_, row) => places[Math.min(row, places.length - 1)]!);
  const dims = [batch, ...tensor.dims!.slice(1)];
  const actual = tensor.type ?? type;
  if (Array.isArray(data))
    return new Tensor(
      actual,
      dims,
      rows.flatMap((row) => (data as readonly string[]).slice(row * size, (row + 1) * size)),
    );
  const source = data as Uint8Array;
  const picked = new (source.constructor as new (length: number) => Uint8Array)(batch * size);
  rows.forEach((row, place) => picked.set(source.subarray(row * size, (row + 1) * size), place * size));
  return new Tensor(actual, dims, picked);
}

function constant({ info, source, dims, isRepeated }: FittedOther, batch: number): Tensor {
  const { values } = source as Extract<FittedOther['source'], { kind: 'constant' }>;
  const all = isRepeated ? Array.from({ length: batch }, () => values).flat() : values;
  return new Tensor(info.type, isRepeated ? [batch, ...dims] : dims, filled(info.type, all));
}

function sizes(
  { of = 'image', order = 'height-width' }: ImageSizeInput,
  { type, transforms, model }: { type: ElementType; transforms: readonly ImageTransform[]; model: ModelSize },
): Tensor {
  const numbers = transforms.flatMap(({ width, height, scaleX, scaleY }) => {
    const pair =
      of === 'image' ? [height, width] : of === 'model' ? [model.height, model.width] : [scaleY, scaleX];
    return order === 'height-width' ? pair : pair.reverse();
  });
  return new Tensor(type, [transforms.length, 2], filled(type, numbers));
}

function filled(type: ElementType, numbers: readonly number[]): TensorData {
  const array = new (elementArray(type)!.ArrayClass)(numbers.length);
  const isBig = array instanceof BigInt64Array || array instanceof BigUint64Array;
  numbers.forEach((number, index) => {
    (array as unknown as unknown[])[index] = isBig ? BigInt(Math.round(number)) : number;
  });
  return array;
}
