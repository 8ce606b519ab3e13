// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { TensorInfo, TensorLike } from '../../index';
import { readNpy } from '../../tensor/npy';
import { dataError } from './data-error';
import { encodeNumbers } from './element-conversion';
import { parsePortableMap } from './portable-map';

/** Makes the inputs of a sample from a file: the tensor of the only input, or tensors by name. */
export type Decode = (
  path: string,
) => TensorLike | Record<string, TensorLike> | Promise<TensorLike | Record<string, TensorLike>>;

/** Files that are read without a `decode`. */
export const READABLE = ['.npy', '.ppm', '.pgm'] as const;

/**
 * Reads the inputs of one sample from a file: `.npy` as it is; `.ppm` and `.pgm` as `[channels, height, width]`, from 0 to
 * 1 for an input of floats and as they are for one of integers; anything else by `decode`, which comes first.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA`, and what reading a .npy file throws
 */
export async function readSampleFile(
  path: string,
  inputs: readonly TensorInfo[],
  decode: Decode | undefined,
): Promise<Record<string, TensorLike>> {
  if (decode !== undefined) return named(await callDecode(path, decode), inputs, path);
  const kind = extname(path).toLowerCase();
  const input = inputs[0];
  if (kind === '.npy') return named(await readNpy(path, { type: input?.type }), inputs, path);
  if (kind === '.ppm' || kind === '.pgm') return named(await readMap(path, input), inputs, path);
  throw dataError(
    `${path} is a ${kind === '' ? 'file without an ending' : `${kind} file`}, which cannot be read without a decoder.`,
    { path },
    {
      hint: `Pass decode (--decode module.mjs on the command line): (path) => ({ data, dims }); ${READABLE.join(', ')} need none.`,
    },
  );
}

async function callDecode(path: string, decode: Decode): Promise<TensorLike | Record<string, TensorLike>> {
  try {
    return await decode(path);
  } catch (cause) {
    throw dataError(`decode failed for ${path}: ${(cause as Error).message}`, { path }, { cause });
  }
}

async function readMap(path: string, input: TensorInfo | undefined): Promise<TensorLike> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw dataError(`${path} cannot be read: ${(cause as Error).message}`, { path }, { cause });
  });
  const { dims, values, largest } = parsePortableMap(bytes, path);
  const type = input?.type ?? 'float32';
  const isFloat = type.includes('float');
  const numbers = isFloat ? Float32Array.from(values, (value) => value / largest) : values;
  return { type, dims, data: encodeNumbers(numbers, type, path) };
}

/** Gives the only input's tensor its name. */
export function named(
  found: TensorLike | Record<string, TensorLike>,
  inputs: readonly TensorInfo[],
  where: string,
): Record<string, TensorLike> {
  if (typeof found !== 'object' || found === null)
    throw dataError(`${where}: expected a tensor { data, dims }, got ${typeof found}.`);
  if (!isTensor(found)) return found;
  if (inputs.length === 1) return { [inputs[0]!.name]: found };
  throw dataError(
    `${where} is one tensor, and the model has ${inputs.length} inputs: ${inputs.map(({ name }) => name).join(', ')}.`,
    { inputs: inputs.map(({ name }) => name) },
    { hint: 'Give tensors by the names of the inputs.' },
  );
}

function isTensor(value: TensorLike | Record<string, TensorLike>): value is TensorLike {
  return 'data' in value && ArrayBuffer.isView(value.data);
}
