// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { Tensor } from '../../runtime/tensor';
import type { TensorData } from '../../tensor/element-arrays';
import type { TensorInfo } from '../../tensor/tensor-info';
import type { TensorsResult } from '../results';
import { requireBatch, type Outputs } from './output-rows';
import type { FinishedBatch, OutputStage } from './stage';

/** Outputs as they are. */
export class TensorsOutput implements OutputStage<TensorsResult> {
  readonly outputs: readonly string[];
  readonly staysOnDevice = false;

  constructor(infos: readonly TensorInfo[]) {
    this.outputs = infos.map(({ name }) => name);
  }

  finish(outputs: Outputs, { count, batch, transforms }: FinishedBatch): Promise<TensorsResult[]> {
    for (const name of this.outputs) requireBatch(name, outputs[name]!.dims, batch);
    const results = Array.from({ length: count }, (_, row): TensorsResult => {
      const transform = transforms[row];
      const tensors = this.outputs.map((name) => [name, rowOf(outputs[name] as Tensor, row)] as const);
      return {
        tensors: Object.fromEntries(tensors),
        ...(transform === undefined ? {} : { transform }),
      };
    });
    return Promise.resolve(results);
  }
}

/** One row of a batch, without a copy. */
function rowOf({ type, dims, data }: Tensor, row: number): Tensor {
  const [batch, ...rest] = dims as [number, ...number[]];
  const { length } = data as TensorData | readonly string[];
  if (length % batch !== 0)
    throw new TensorRTError(
      'ERR_TRT_RUN_UNSUPPORTED',
      `An output ${type} [${dims.join(', ')}] has two elements a byte, which do not come apart at each input.`,
      { hint: 'Run the inputs one by one.', details: { type, dims } },
    );
  const size = length / batch;
  const part = Array.isArray(data)
    ? (data as readonly string[]).slice(row * size, (row + 1) * size)
    : (data as Float32Array).subarray(row * size, (row + 1) * size);
  return new Tensor(type, rest, part);
}
