// SPDX-License-Identifier: Apache-2.0
import type { TrainingData } from '../../compress/train/training-data';
import type { TrainingTensor } from '../../compress/train/trainer';
import { TensorRTError } from '../../errors';
import { readNpy } from '../../tensor/npy';
import { usageError } from '../args/usage-error';
import { loadDecode } from '../evaluate/decode-module';
import type { ToolApi } from '../tool-api';

type Part = { readonly data: ArrayLike<number>; readonly dims: readonly number[] };

/**
 * Reads all samples of `--data` into memory, and their labels.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` without data, `ERR_TRT_EVAL_DATA` and what reading files throws
 */
export async function readTrainingData(
  model: string,
  {
    data: path,
    labels,
    decode,
    samples,
  }: {
    readonly data?: string | undefined;
    readonly labels?: string | undefined;
    readonly decode?: string | undefined;
    readonly samples?: number | undefined;
  },
  api: Pick<ToolApi, 'openInputs' | 'readModelInfo'>,
): Promise<TrainingData> {
  if (path === undefined)
    throw usageError('--data is missing.', 'Name the inputs to learn from: --data images.npy');
  const { inputs } = await api.readModelInfo(model);
  const open = await api.openInputs({
    path,
    inputs,
    ...(samples === undefined ? {} : { samples }),
    ...(decode === undefined ? {} : { decode: await loadDecode(decode) }),
  });
  const parts = new Map<string, Part[]>(inputs.map(({ name }) => [name, []]));
  for await (const feeds of open()) for (const [name, list] of parts) list.push(feeds[name] as Part);
  const joined = [...parts].map(([name, list]) => [name, join(list)] as const);
  return {
    inputs: Object.fromEntries(joined),
    ...(labels === undefined ? {} : { labels: await readLabels(labels) }),
  };
}

function join(parts: readonly Part[]): TrainingTensor {
  const [first] = parts;
  if (first === undefined) throw new TensorRTError('ERR_TRT_EVAL_DATA', 'The data has no samples.');
  const length = parts.reduce((sum, { data }) => sum + data.length, 0);
  const data = new (first.data.constructor as new (length: number) => Float32Array<ArrayBuffer>)(length);
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  const count = parts.reduce((sum, { dims }) => sum + dims[0]!, 0);
  return { data, dims: [count, ...first.dims.slice(1)] };
}

async function readLabels(path: string): Promise<TrainingTensor> {
  const { data, dims, type } = await readNpy(path);
  if (!/^u?int/.test(type))
    throw new TensorRTError('ERR_TRT_EVAL_DATA', `${path} holds ${type}; labels are whole numbers.`, {
      details: { path, type },
    });
  const numbers = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) numbers[i] = Number(data[i]);
  return { data: numbers, dims };
}
