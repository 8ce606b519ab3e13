// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { DATA_TYPE, dataTypeName } from '../onnx/data-type';
import { allGraphs } from '../onnx/graph/graph-walk';
import type { OnnxModel } from '../onnx/graph/onnx-model';

const HALF: readonly number[] = [DATA_TYPE.FLOAT16, DATA_TYPE.BFLOAT16];

/**
 * Rewriting starts from FP32: what a half-wide type has lost does not come back.
 *
 * @throws {TensorRTError} ERR_TRT_BUILD_PRECISION with the first weight or input of a half-wide type
 */
export function refuseHalf({ graph }: OnnxModel, asked: string): void {
  for (const { initializer, input } of allGraphs(graph)) {
    const weight = initializer.find(({ dataType }) => HALF.includes(dataType));
    const value = input.find(({ type }) => HALF.includes(type?.tensorType?.elemType ?? 0));
    const elemType = weight?.dataType ?? value?.type?.tensorType?.elemType;
    if (elemType === undefined) continue;
    const name = weight?.name ?? value?.name ?? '';
    throw new TensorRTError(
      'ERR_TRT_BUILD_PRECISION',
      `A model in FP32 was expected, to have it in ${asked}; "${name}" is ${dataTypeName(elemType)} already.`,
      { hint: 'Start from the FP32 model.', details: { asked, name, type: dataTypeName(elemType) } },
    );
  }
}
