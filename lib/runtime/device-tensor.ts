// SPDX-License-Identifier: Apache-2.0
import type { NativeDeviceTensor } from '../binding/contract';
import { fromNativeError } from '../binding/native-error';
import { markClass } from '../binding/package-copies';
import { TensorRTError } from '../errors';
import { elementArray } from '../tensor/element-arrays';
import type { ElementType } from '../tensor/element-type';
import { Tensor } from './tensor';

let reveal: (tensor: DeviceTensor) => NativeDeviceTensor;

/**
 * A tensor in the memory of a GPU. Made by `uploadTensor()`, and by runs and bindings with `deviceOutputs`; taken as an
 * input by all sessions on the same device, which use it in place.
 *
 * Close it when done: the garbage collector does not see the memory of a device.
 */
export class DeviceTensor {
  /** Element type. */
  readonly type: ElementType;
  /** Dimensions, outermost first; empty for a scalar. */
  readonly dims: readonly number[];
  /** Size of its memory. */
  readonly bytes: number;
  /** Where it is: `'cuda:N'`. */
  readonly device: `cuda:${number}`;

  readonly #native: NativeDeviceTensor;
  #isClosed = false;

  static {
    reveal = (tensor) => tensor.#native;
    markClass(this, 'DeviceTensor');
  }

  /** @internal Use `uploadTensor()`. */
  constructor(native: NativeDeviceTensor) {
    this.#native = native;
    this.type = native.type as ElementType;
    this.dims = native.dims;
    this.bytes = native.bytes;
    this.device = `cuda:${native.device}`;
  }

  /** True after {@link DeviceTensor.close}. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Copies the tensor to the host, off the event loop.
   *
   * @throws {TensorRTError} `ERR_TRT_RUN_DEVICE_TENSOR` if it is closed, `ERR_TRT_CUDA_*`.
   */
  async toTensor(): Promise<Tensor> {
    if (this.#isClosed) throw closedTensorError(this);
    const { ArrayClass } = elementArray(this.type)!;
    try {
      return new Tensor(this.type, this.dims, new ArrayClass(await this.#native.download()));
    } catch (error) {
      throw fromNativeError(error, 'ERR_TRT_CUDA_CALL');
    }
  }

  /** Gives the memory back as soon as no call uses it. Closing again does nothing. */
  close(): void {
    this.#isClosed = true;
    this.#native.close();
  }

  /** The same as {@link DeviceTensor.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * What native code knows of a tensor that a session is given.
 *
 * @param device - The session's device.
 * @param name - The input that it is given as, for messages.
 * @throws {TensorRTError} `ERR_TRT_RUN_DEVICE_TENSOR`
 */
export function nativeTensorFor(tensor: DeviceTensor, device: string, name: string): NativeDeviceTensor {
  if (tensor.isClosed) throw closedTensorError(tensor, { input: name });
  if (tensor.device !== device) throw otherDeviceError(tensor, device, name);
  return reveal(tensor);
}

/** What a tensor was given as: an input of a session, or an argument of an operator. */
export type TensorPlace =
  { readonly input: string } | { readonly operator: string; readonly argument: string };

/** The `ERR_TRT_RUN_DEVICE_TENSOR` of a tensor that is closed. */
export function closedTensorError({ device, dims }: DeviceTensor, place?: TensorPlace): TensorRTError {
  const what =
    place === undefined
      ? 'The device tensor'
      : 'input' in place
        ? `The device tensor for input "${place.input}"`
        : `The device tensor for ${place.argument} of ${place.operator}()`;
  return new TensorRTError('ERR_TRT_RUN_DEVICE_TENSOR', `${what} is closed.`, {
    hint: 'Close a device tensor after the last call that uses it has been made.',
    details: { ...place, device, dims },
  });
}

function otherDeviceError(tensor: DeviceTensor, device: string, input: string): TensorRTError {
  const message = `The device tensor for input "${input}" is on ${tensor.device}, but the session runs on ${device}.`;
  return new TensorRTError('ERR_TRT_RUN_DEVICE_TENSOR', message, {
    hint:
      device === 'cpu'
        ? 'Pass `await tensor.toTensor()` to a session on the CPU.'
        : `Upload it to ${device}, or make the session on ${tensor.device}.`,
    details: { input, device: tensor.device, sessionDevice: device },
  });
}
