// SPDX-License-Identifier: Apache-2.0
// The outputs of a session: which of them a call wants, where they go, and what the caller gets.

import type { NativeDeviceTensor, NativeOutputs, NativeTarget } from '../binding/contract';
import { TensorRTError } from '../errors';
import {
  arrayLength,
  elementArray,
  elementCount,
  STRING_ARRAY,
  type ElementArray,
} from '../tensor/element-arrays';
import { unpackStrings } from '../tensor/packed-strings';
import type { TensorInfo } from '../tensor/tensor-info';
import { didYouMean } from '../text/nearest-name';
import { DeviceTensor } from './device-tensor';
import { fixedDims } from './feeds';
import { typeError } from '../option-checks';
import type { DeviceOutputs } from './output-types';
import { Tensor } from './tensor';

/** What a call says about its outputs. */
export interface OutputOptions<D extends DeviceOutputs = DeviceOutputs> {
  /** Names of the outputs to compute. Default: all. */
  outputs?: readonly string[];
  /**
   * Outputs that stay in the GPU's memory, as {@link DeviceTensor}: names, or `true` for all that are computed.
   * Named ones are computed also where `outputs` does not name them. Default: none.
   */
  deviceOutputs?: D;
}

interface OutputSpec {
  readonly info: TensorInfo;
  /** Undefined for what is no tensor: a sequence, map or optional. Runs may ask for the other outputs. */
  readonly array: ElementArray | undefined;
  /** Dims that are known before a run, else undefined. */
  readonly dims: readonly number[] | undefined;
}

/** The outputs of a model. */
export class SessionOutputs {
  readonly #specs: readonly OutputSpec[];
  readonly #names: readonly string[];
  readonly #device: string;

  /**
   * @param inputsAreStatic - Whether all inputs have fixed dims.
   * @param device - Where the session runs.
   */
  constructor(infos: readonly TensorInfo[], inputsAreStatic: boolean, device: string) {
    this.#specs = infos.map((info) => outputSpec(info, inputsAreStatic));
    this.#names = infos.map((info) => info.name);
    this.#device = device;
  }

  /**
   * An array for each wanted output whose dims are known, null for the others that come to the host.
   *
   * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_RUN_OUTPUT_NAME`, `ERR_TRT_RUN_UNSUPPORTED`
   */
  makeTargets({ outputs: wanted, deviceOutputs }: OutputOptions): NativeTarget[] {
    if (wanted !== undefined) this.#checkOutputs(wanted);
    if (deviceOutputs !== undefined) this.checkDeviceOutputs(deviceOutputs);
    return this.#specs.map(({ info, array, dims }) => {
      const isNamed = deviceOutputs instanceof Array && deviceOutputs.includes(info.name);
      if (isNamed) return 'device';
      if (wanted && !wanted.includes(info.name)) return undefined;
      if (deviceOutputs === true) return 'device';
      if (!array) throw this.#noTensor(info.name);
      if (!dims) return null;
      return new array.ArrayClass(arrayLength(array, elementCount(dims)));
    });
  }

  /** As {@link SessionOutputs.makeTargets}, but all wanted outputs are allocated by the runtime. */
  makeOwnTargets(wanted: readonly string[] | undefined): (null | undefined)[] {
    if (wanted !== undefined) this.#checkOutputs(wanted);
    return this.#names.map((name) => (wanted && !wanted.includes(name) ? undefined : null));
  }

  /** @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_RUN_OUTPUT_NAME`, `ERR_TRT_RUN_UNSUPPORTED` */
  checkDeviceOutputs(deviceOutputs: unknown): void {
    if (deviceOutputs !== true && deviceOutputs !== false && !isNameList(deviceOutputs))
      throw typeError('deviceOutputs', deviceOutputs, 'an array of output names, true or false');
    if (deviceOutputs === false || (deviceOutputs !== true && deviceOutputs.length === 0)) return;
    if (this.#device === 'cpu') {
      throw new TensorRTError(
        'ERR_TRT_RUN_UNSUPPORTED',
        'Outputs can stay in the memory of a GPU, but the session runs on the CPU.',
        { hint: "Leave `deviceOutputs` out, or make the session with device 'cuda:0'." },
      );
    }
    if (deviceOutputs !== true) this.#checkNames(deviceOutputs);
  }

  /** Makes what the caller gets. */
  collect(
    targets: readonly NativeTarget[],
    made: NativeOutputs | undefined,
  ): Record<string, Tensor | DeviceTensor> {
    const outputs: Record<string, Tensor | DeviceTensor> = {};
    for (let index = 0; index < targets.length; index++) {
      const target = targets[index];
      if (target === undefined) continue;
      const { info, array, dims } = this.#specs[index]!;
      if (target === 'device') {
        outputs[info.name] = new DeviceTensor(made![index] as NativeDeviceTensor);
      } else if (target) {
        outputs[info.name] = new Tensor(info.type, dims!, target);
      } else {
        const [buffer, madeDims] = made![index] as [ArrayBuffer, number[]];
        const data =
          array === STRING_ARRAY
            ? unpackStrings(buffer, elementCount(madeDims))
            : new array!.ArrayClass(buffer);
        outputs[info.name] = new Tensor(info.type, madeDims, data);
      }
    }
    return outputs;
  }

  #noTensor(name: string): TensorRTError {
    const tensors = this.#specs.filter(({ array }) => array).map(({ info }) => info.name);
    return new TensorRTError(
      'ERR_TRT_RUN_UNSUPPORTED',
      `Output "${name}" is no tensor but a sequence, map or optional, which cannot be handed out.`,
      {
        hint:
          tensors.length > 0
            ? `Name the outputs that you need: ${tensors.map((tensor) => `"${tensor}"`).join(', ')} can be had.`
            : 'Change the model so that it gives tensors.',
        details: { output: name, tensors },
      },
    );
  }

  #checkOutputs(wanted: unknown): void {
    if (!isNameList(wanted)) throw typeError('outputs', wanted, 'an array of output names');
    if (wanted.length > 0) return this.#checkNames(wanted);
    throw new TensorRTError('ERR_TRT_RUN_OUTPUT_NAME', 'Expected a list of at least one output name.', {
      details: { expected: this.#names },
    });
  }

  #checkNames(wanted: readonly string[]): void {
    const names = this.#names;
    const unknown = wanted.find((name) => !names.includes(name));
    if (unknown === undefined) return;
    throw new TensorRTError(
      'ERR_TRT_RUN_OUTPUT_NAME',
      `The model has no output "${unknown}".${didYouMean(unknown, names)} Its outputs are ${names.join(', ')}.`,
      { details: { output: unknown, expected: names } },
    );
  }
}

function isNameList(value: unknown): value is readonly string[] {
  return value instanceof Array && value.every((name) => typeof name === 'string');
}

function outputSpec(info: TensorInfo, inputsAreStatic: boolean): OutputSpec {
  // Whose bytes no dims tell.
  if (info.type === 'string') return { info, array: STRING_ARRAY, dims: undefined };
  const array = elementArray(info.type);
  if (!array) return { info, array, dims: undefined };
  // With a dynamic input the model's statement about its outputs is not to be relied on: exporters leave the batch
  // size of their example in it. And an output without dimensions may be a scalar or of unknown rank: ONNX Runtime
  // does not tell which. Those outputs are allocated by the runtime.
  const isKnown = inputsAreStatic && info.dims.length > 0;
  return { info, array, dims: isKnown ? fixedDims(info) : undefined };
}
