// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { TensorRTError } from '../../errors';
import { MODEL_SCHEMA, type ModelMessage } from './onnx-messages';
import { inSequence, writeTogether } from './staged-file';
import { placeWeights, referTo } from './weight-places';
import { encodeMessage, encodeParts } from './wire-message';

/** A protobuf message is smaller than this: readers count its bytes in 31 bits. */
const LARGEST_MESSAGE_BYTES = 2 ** 31 - 1;

/**
 * The bytes of a model with its weights inside.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for 2 GB or more
 */
export function encodeModel(message: ModelMessage): Uint8Array {
  const bytes = encodedBytes(message);
  if (bytes <= LARGEST_MESSAGE_BYTES) return encodeMessage(MODEL_SCHEMA, message);
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `The model has ${bytes} bytes with its weights; an ONNX model in one piece has less than 2 GB (${LARGEST_MESSAGE_BYTES} bytes).`,
    {
      hint: 'Save it to a path: the weights are written to a file beside it.',
      details: { bytes, limit: LARGEST_MESSAGE_BYTES },
    },
  );
}

/** Bytes of a model with its weights inside; none of them is read for that. */
export function encodedBytes(message: ModelMessage): number {
  return encodeParts(MODEL_SCHEMA, message).length;
}

/** The bytes of a model without its large weights, in whose place are references that lead nowhere. */
export function encodeOutline(message: ModelMessage): Uint8Array {
  return encodeMessage(MODEL_SCHEMA, referTo(message, placeWeights(message, 'left-out').places));
}

/** How a model is written. */
export interface SaveSettings {
  /** Large weights go to `<path>.data`; so they do in any case if the model would have 2 GB or more. */
  readonly external: boolean;
  /** Files that must not be written over: those the model comes from. */
  readonly origins: readonly string[];
}

/**
 * Writes a model; each file appears as a whole, and both or none. Weights of files are copied a few MB at a time.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_WRITE; ERR_TRT_ONNX_EXTERNAL_DATA_MISSING if weights cannot be read any more
 */
export async function saveModel(
  message: ModelMessage,
  path: string,
  { external, origins }: SaveSettings,
): Promise<void> {
  const dataPath = `${path}.data`;
  await refuseOrigins([path, dataPath], origins);
  const { parts, length } = encodeParts(MODEL_SCHEMA, message);
  if (!external && length <= LARGEST_MESSAGE_BYTES) {
    return writeTogether([{ path, parts: inSequence(parts) }]);
  }
  const plan = placeWeights(message, basename(dataPath));
  const encoded = encodeParts(MODEL_SCHEMA, referTo(message, plan.places));
  const files = [{ path, parts: inSequence(encoded.parts) }];
  // The data file first: a model without its data is worth nothing.
  if (plan.data.length > 0) files.unshift({ path: dataPath, parts: plan.data });
  await writeTogether(files);
}

/** Also under another name, by a symbolic or a hard link. */
async function refuseOrigins(targets: readonly string[], origins: readonly string[]): Promise<void> {
  const identities = new Map<string, string>();
  for (const origin of origins) {
    const identity = await identityOf(origin);
    if (identity !== undefined) identities.set(identity, origin);
  }
  for (const path of targets) {
    const origin = identities.get((await identityOf(path)) ?? '');
    if (origin === undefined) continue;
    const same = origin === path ? '' : `, which is "${path}" too`;
    throw new TensorRTError(
      'ERR_TRT_ONNX_WRITE',
      `The model comes from "${origin}"${same}: writing to "${targets[0]!}" would replace what it is read from.`,
      { hint: 'Write the model to another path; no file was changed.', details: { path, origin } },
    );
  }
}

async function identityOf(path: string): Promise<string | undefined> {
  return stat(path, { bigint: true }).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => undefined,
  );
}
