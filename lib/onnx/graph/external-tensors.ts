// SPDX-License-Identifier: Apache-2.0
import { open, type FileHandle } from 'node:fs/promises';
import { TensorRTError } from '../../errors';
import { tensorBytes } from '../data-type';
import { checkExternalBytes, checkExternalData } from '../external-data';
import type { ModelInfo } from '../model-info';
import { allTensors } from './graph-walk';
import type { GraphMessage, TensorMessage } from './onnx-messages';
import { elementsOf } from './tensor-values';

/** Where external files are: in a folder, or in memory by name. */
export interface ExternalPlace {
  readonly folder?: string;
  readonly files?: Readonly<Record<string, Uint8Array>> | undefined;
}

const EXTERNAL = 1;

/**
 * Reads the bytes of external tensors into a graph.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_EXTERNAL_DATA_MISSING, ERR_TRT_ONNX_EXTERNAL_DATA_OUTSIDE;
 * ERR_TRT_ONNX_UNSUPPORTED_TYPE for external tensors inside functions, which are not looked into
 */
export async function readExternalTensors(
  graph: GraphMessage,
  info: ModelInfo,
  place: ExternalPlace,
): Promise<void> {
  const tensors = allTensors(graph).filter(({ dataLocation }) => dataLocation === EXTERNAL);
  if (tensors.length < info.externalTensors.length) throw hiddenTensors(info, tensors);
  if (place.folder === undefined) readFromMemory(tensors, info, place.files);
  else await readFromFolder(tensors, info, place.folder);
}

function readFromMemory(
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

async function readFromFolder(
  tensors: readonly TensorMessage[],
  info: ModelInfo,
  folder: string,
): Promise<void> {
  const files = await checkExternalData(info, folder);
  for (const { location, path } of files) {
    const handle = await open(path, 'r');
    try {
      for (const tensor of tensors) {
        if (tensor.dataLocation !== EXTERNAL) continue;
        const span = spanOf(tensor);
        if (span.location === location) settle(tensor, await readSpan(handle, span, location));
      }
    } finally {
      await handle.close();
    }
  }
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

/** A system call reads less than 2 GB. */
const MOST_BYTES_A_READ = 2 ** 30;

async function readSpan(handle: FileHandle, { offset, length }: Span, location: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let got = 0;
  while (got < length) {
    const wanted = Math.min(length - got, MOST_BYTES_A_READ);
    const { bytesRead } = await handle.read(bytes, got, wanted, offset + got);
    if (bytesRead === 0) throw cutOff(location);
    got += bytesRead;
  }
  return bytes;
}

function settle(tensor: TensorMessage, bytes: Uint8Array): void {
  tensor.rawData = bytes;
  tensor.externalData = [];
  tensor.dataLocation = undefined;
}

function cutOff(location: string): TensorRTError {
  const message = `The model's external data "${location}" became shorter while it was read.`;
  return new TensorRTError('ERR_TRT_ONNX_EXTERNAL_DATA_MISSING', message, { details: { location } });
}

function hiddenTensors(info: ModelInfo, found: readonly TensorMessage[]): TensorRTError {
  const known = new Set(found.map(({ name }) => name));
  const hidden = info.externalTensors.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  return new TensorRTError(
    'ERR_TRT_ONNX_UNSUPPORTED_TYPE',
    `The model has external data where it cannot be rewritten, in functions or sparse tensors: ${hidden.slice(0, 3).join(', ')}.`,
    {
      hint: 'Inline the functions of the model, or save it with its weights inside.',
      details: { tensors: hidden },
    },
  );
}
