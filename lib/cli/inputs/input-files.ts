// SPDX-License-Identifier: Apache-2.0
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TensorRTError } from '../../errors';
import type { TensorLike } from '../../runtime/tensor';
import type { ElementType } from '../../tensor/element-type';
import { readNpy } from '../../tensor/npy';
import { readNpz } from '../../tensor/npz';
import type { TensorInfo } from '../../tensor/tensor-info';
import { usageError } from '../args/usage-error';
import { fileNameOf } from '../outputs/save-outputs';
import type { FileSource } from './input-source';

/** Which file an input is read from. */
export interface FileRequest {
  readonly input: TensorInfo;
  /** All inputs of the model: names in a folder depend on each other. */
  readonly inputs: readonly TensorInfo[];
  readonly source: FileSource;
  /** Whether the source is for all inputs that are not named, not for this one alone. */
  readonly isForAll: boolean;
}

/**
 * Reads the elements of an input: one tensor, or as many as a folder of .npy files has, in the order of their names
 * (numbers in them count as numbers).
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE`, `ERR_TRT_LOAD_NPY_INVALID`, `ERR_TRT_ARG_USAGE`
 */
export async function readInput(request: FileRequest): Promise<TensorLike[]> {
  const { input, source, isForAll } = request;
  const options = { type: input.type };
  if (/\.npz$/i.test(source.path)) {
    const array = await readNpz(source.path, source.array ?? input.name, options);
    return [ofType(array, input, source.path)];
  }
  if (await isFolder(source.path)) {
    const paths = isForAll ? [fileOfInput(request)] : await filesOfFolder(source.path);
    return Promise.all(paths.map(async (path) => ofType(await readNpy(path, options), input, path)));
  }
  if (isForAll && request.inputs.length > 1) throw ambiguous(request);
  return [ofType(await readNpy(source.path, options), input, source.path)];
}

/** What NumPy makes unless told, float64 and int64, is rarely what a model wants. */
function ofType<T extends { readonly type: ElementType }>(
  array: T,
  { name, type }: TensorInfo,
  path: string,
): T {
  if (array.type === type || type === 'unknown') return array;
  throw new TensorRTError(
    'ERR_TRT_ARG_TYPE',
    `${path} is ${array.type}; the model wants ${type} for '${name}'.`,
    {
      hint: NUMPY_NAMES[type] && `Save it with .astype(${NUMPY_NAMES[type]}).`,
      details: { path, name, expected: type, found: array.type },
    },
  );
}

const NUMPY_NAMES: Readonly<Partial<Record<ElementType, string>>> = {
  float64: 'np.float64',
  float32: 'np.float32',
  float16: 'np.float16',
  bfloat16: 'ml_dtypes.bfloat16',
  int64: 'np.int64',
  int32: 'np.int32',
  int16: 'np.int16',
  int8: 'np.int8',
  uint64: 'np.uint64',
  uint32: 'np.uint32',
  uint16: 'np.uint16',
  uint8: 'np.uint8',
  bool: 'bool',
};

async function isFolder(path: string): Promise<boolean> {
  // What is not there is reported by whoever reads it.
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The file of an input in a folder, by the names that `run -o` gives. */
function fileOfInput({ input, inputs, source }: FileRequest): string {
  const taken = new Set<string>();
  const names = inputs.map(({ name }) => fileNameOf(name, taken));
  return join(source.path, names[inputs.indexOf(input)]!);
}

const byName = new Intl.Collator('en', { numeric: true }).compare;

async function filesOfFolder(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new TensorRTError('ERR_TRT_LOAD_FILE', `cannot read ${folder}: ${(cause as Error).message}`, {
      details: { path: folder },
      cause,
    });
  });
  const files = names.filter((name) => /\.npy$/i.test(name)).sort(byName);
  if (files.length === 0) {
    throw new TensorRTError('ERR_TRT_LOAD_FILE', `The folder ${folder} has no .npy files.`, {
      hint: 'Save arrays there with numpy.save(): each file is the input of one call.',
      details: { path: folder },
    });
  }
  return files.map((name) => join(folder, name));
}

function ambiguous({ inputs, source }: FileRequest): Error {
  const names = inputs.map(({ name }) => name);
  return usageError(
    `--input @${source.path} is one array, and the model has ${inputs.length} inputs: ${names.join(', ')}.`,
    `Say which one it is for (--input ${names[0]}=@${source.path}), or give a .npz file or a folder.`,
    { inputs: names },
  );
}
