// SPDX-License-Identifier: Apache-2.0
import { dirname, resolve } from 'node:path';

import { digestBytes, digestFile, type Digest } from '../runtime/digest';
import { fileReadError } from '../runtime/file-errors';
import { throwIfCancelled } from './cancellation';

/** Content of a model: the .onnx file and its external data files, in the order in which the model names them. */
export interface ModelDigest extends Digest {
  readonly externalFiles: readonly (Digest & { readonly name: string })[];
}

/** Where a model's content is. */
export interface ModelFiles {
  /** Path of the .onnx file, or its bytes. */
  model: string | Uint8Array;
  /** Names of its external data files. */
  externalFiles: readonly string[];
  /** Their content, for a model given as bytes. */
  externalData?: Readonly<Record<string, Uint8Array>>;
}

/** Digests a model in pieces, so that neither memory nor the event loop notices its size. */
export async function digestModel(
  { model, externalFiles, externalData }: ModelFiles,
  signal?: AbortSignal,
): Promise<ModelDigest> {
  const own = await digestSource(model, signal);
  const external: (Digest & { name: string })[] = [];
  for (const name of externalFiles) {
    throwIfCancelled(signal);
    const bytes = externalData?.[name];
    const path = typeof model === 'string' ? resolve(dirname(model), name) : undefined;
    if (bytes ?? path) external.push({ name, ...(await digestSource(bytes ?? path!, signal)) });
  }
  return { ...own, externalFiles: external };
}

async function digestSource(source: string | Uint8Array, signal: AbortSignal | undefined): Promise<Digest> {
  try {
    return await (typeof source === 'string' ? digestFile(source, signal) : digestBytes(source, signal));
  } catch (error) {
    throwIfCancelled(signal);
    if (typeof source !== 'string') throw error;
    throw fileReadError('model file', source, error);
  }
}
