// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TensorRTError } from '../../errors';
import { allTensors } from './graph-walk';
import { MODEL_SCHEMA, type ModelMessage, type TensorMessage } from './onnx-messages';
import { contentBytes } from './tensor-values';
import { encodeMessage } from './wire-message';

const EXTERNAL = 1;
/** Smaller tensors stay in the message: shapes and scales are read by parsers that do not open other files. */
const SMALLEST_EXTERNAL_BYTES = 1024;
/** Readers that map the file want pages. */
const ALIGNMENT = 4096;

/** A protobuf message is smaller than this: readers count its bytes in 31 bits. */
const LARGEST_MESSAGE_BYTES = 2 ** 31 - 1;
/** Left for nodes and names. */
const MOST_WEIGHT_BYTES = LARGEST_MESSAGE_BYTES * 0.95;

/** The bytes of a model with its weights inside. */
export function encodeModel(message: ModelMessage): Uint8Array {
  const bytes = weightBytes(message);
  if (bytes <= MOST_WEIGHT_BYTES) return encodeMessage(MODEL_SCHEMA, message);
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `The model has ${bytes} bytes of weights; an ONNX model in one piece has less than 2 GB (${LARGEST_MESSAGE_BYTES} bytes).`,
    {
      hint: 'Save it to a path: the weights are written to a file beside it.',
      details: { bytes, limit: LARGEST_MESSAGE_BYTES },
    },
  );
}

/** Writes a model, with large weights in `<path>.data` where asked or needed; each file appears as a whole. */
export async function saveModel(message: ModelMessage, path: string, external: boolean): Promise<void> {
  if (!external && weightBytes(message) <= MOST_WEIGHT_BYTES) {
    return writeAtomically(path, [encodeModel(message)]);
  }
  const location = `${basename(path)}.data`;
  const tensors = allTensors(message.graph).filter(
    ({ rawData }) => rawData !== undefined && rawData.length >= SMALLEST_EXTERNAL_BYTES,
  );
  const offsets = placeTensors(tensors);
  await writeAtomically(join(dirname(path), location), padded(tensors));
  await writeAtomically(path, [encodeWithReferences(message, tensors, { location, offsets })]);
}

function weightBytes(message: ModelMessage): number {
  return allTensors(message.graph).reduce((sum, tensor) => sum + contentBytes(tensor), 0);
}

function placeTensors(tensors: readonly TensorMessage[]): number[] {
  let end = 0;
  return tensors.map(({ rawData }) => {
    const offset = end;
    end = roundUp(offset + rawData!.length);
    return offset;
  });
}

function* padded(tensors: readonly TensorMessage[]): Iterable<Uint8Array> {
  for (const { rawData } of tensors) {
    yield rawData!;
    yield new Uint8Array(roundUp(rawData!.length) - rawData!.length);
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** The weights leave the message while it is written and come back whatever happens. */
function encodeWithReferences(
  message: ModelMessage,
  tensors: readonly TensorMessage[],
  { location, offsets }: { location: string; offsets: readonly number[] },
): Uint8Array {
  const contents = tensors.map(({ rawData }) => rawData!);
  try {
    tensors.forEach((tensor, index) => {
      const entries = { location, offset: offsets[index]!, length: contents[index]!.length };
      tensor.externalData = Object.entries(entries).map(([key, value]) => ({ key, value: String(value) }));
      tensor.dataLocation = EXTERNAL;
      tensor.rawData = undefined;
    });
    return encodeMessage(MODEL_SCHEMA, message);
  } finally {
    tensors.forEach((tensor, index) => {
      Object.assign(tensor, { rawData: contents[index], externalData: [], dataLocation: undefined });
    });
  }
}

async function writeAtomically(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    const handle = await open(draft, 'wx');
    try {
      for (const chunk of chunks) await handle.writeFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
