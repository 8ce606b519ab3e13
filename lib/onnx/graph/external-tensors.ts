// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { tensorBytes } from '../data-type';
import { checkExternalBytes, checkExternalData } from '../external-data';
import type { ModelInfo } from '../model-info';
import { describeWeightFile, FileBytes } from './file-bytes';
import { modelTensors } from './graph-walk';
import type { ModelMessage, TensorMessage } from './onnx-messages';
import { elementsOf } from './tensor-values';

/** Where external files are: in a folder, or in memory by name. */
export interface ExternalPlace {
  readonly folder?: string;
  readonly files?: Readonly<Record<string, Uint8Array>> | undefined;
}

const EXTERNAL = 1;

/**
 * Finds the bytes of external tensors. Those of files stay there and are read when somebody asks for them.
 *
 * @returns the files, absolute and with links resolved; none for data in memory
 * @throws {TensorRTError} ERR_TRT_ONNX_EXTERNAL_DATA_MISSING, ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE;
 * ERR_TRT_ONNX_UNSUPPORTED_TYPE for sparse tensors, which are not looked into
 */
export async function findExternalTensors(
  message: ModelMessage,
  info: ModelInfo,
  place: ExternalPlace,
): Promise<string[]> {
  const tensors = modelTensors(message).filter(({ dataLocation }) => dataLocation === EXTERNAL);
  if (tensors.length < info.externalTensors.length) throw hiddenTensors(info, tensors);
  if (place.folder !== undefined) return referToFolder(tensors, info, place.folder);
  referToMemory(tensors, info, place.files);
  return [];
}

function referToMemory(
  tensors: readonly TensorMessage[],
  info: ModelInfo,
  files: ExternalPlace['files'] = {},
): void {
  checkExternalBytes(info, files);
  for (const tensor of tensors) {
    const { location, offset, length } = spanOf(tensor);
    settle(tensor, files[location]!.subarray(offset, offset + length));
  }
}

async function referToFolder(
  tensors: readonly TensorMessage[],
  info: ModelInfo,
  folder: string,
): Promise<string[]> {
  const found = await checkExternalData(info, folder);
  const files = await Promise.all(found.map(({ path, location }) => describeWeightFile(path, location)));
  const byLocation = new Map(files.map((file) => [file.location, file]));
  for (const tensor of tensors) {
    const { location, offset, length } = spanOf(tensor);
    settle(tensor, new FileBytes(byLocation.get(location)!, offset, length));
  }
  return files.map(({ path }) => path);
}

interface Span {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

function spanOf(tensor: TensorMessage): Span {
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const needed = tensorBytes(tensor.dataType, elementsOf(tensor)) ?? 0;
  return { location: entries.get('location')!, offset: Number(entries.get('offset') ?? 0), length: needed };
}

function settle(tensor: TensorMessage, bytes: Uint8Array | FileBytes): void {
  tensor.rawData = bytes;
  tensor.externalData = [];
  tensor.dataLocation = undefined;
}

function hiddenTensors(info: ModelInfo, found: readonly TensorMessage[]): TensorRTError {
  const known = new Set(found.map(({ name }) => name));
  const hidden = info.externalTensors.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  return new TensorRTError(
    'ERR_TRT_ONNX_UNSUPPORTED_TYPE',
    `The model has external data where it cannot be rewritten, in sparse tensors: ${hidden.slice(0, 3).join(', ')}.`,
    {
      hint: 'Save the model with its sparse tensors inside.',
      details: { tensors: hidden },
    },
  );
}
