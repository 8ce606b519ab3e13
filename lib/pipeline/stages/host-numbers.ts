// SPDX-License-Identifier: Apache-2.0
import { convert } from '../../ops/tensors/convert';
import type { DeviceTensor } from '../../runtime/device-tensor';
import type { Tensor } from '../../runtime/tensor';
import type { TensorData } from '../../tensor/element-arrays';
import { SCORE_TYPES } from '../spec/model-tensors';
import { operatorOptions, toHost, type StageContext } from './stage';

/** A tensor of floating point on the host as float32; others are an error of the operator. */
export async function hostFloats(
  tensor: Tensor | DeviceTensor,
  context: StageContext,
): Promise<Tensor<Float32Array>> {
  const host = await toHost(tensor);
  if (host.type === 'float32') return host as Tensor<Float32Array>;
  return convert<Tensor, Float32Array>(host, { ...operatorOptions(context), type: 'float32' });
}

/** Arrays of numbers. */
export type NumberArray = Exclude<TensorData, BigInt64Array | BigUint64Array>;

/** Elements on the host as numbers, of any type that has a JavaScript number or a bigint. */
export async function hostNumbers(
  tensor: Tensor | DeviceTensor,
  context: StageContext,
): Promise<NumberArray> {
  if (SCORE_TYPES.includes(tensor.type)) return (await hostFloats(tensor, context)).data;
  const { data } = (await toHost(tensor)) as Tensor<TensorData>;
  return data instanceof BigInt64Array || data instanceof BigUint64Array
    ? Float64Array.from(data as BigInt64Array, Number)
    : data;
}
