// SPDX-License-Identifier: Apache-2.0
import type { TensorInfo } from '../../index';
import { readNpy, type NpyArray } from '../../tensor/npy';
import { NpzFile, readNpz } from '../../tensor/npz';
import type { SampleArrays } from './array-batches';
import { dataError } from './data-error';

/** Names of the labels in an archive, the first that is there. */
const LABEL_NAMES = ['labels', 'label', 'y', 'targets', 'target'];

/**
 * Reads a set from `.npy` or `.npz`: each file is in memory once. In an archive inputs are named as the model names them,
 * but for the only input of a model any array does that is no label; labels are named `labels`, `label`, `y`, `targets` or
 * `target`, where no file of their own is given.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA`, `ERR_TRT_LOAD_FILE`, `ERR_TRT_LOAD_NPY_INVALID`
 */
export async function readArrayFiles(
  path: string,
  labels: string | undefined,
  inputs: readonly TensorInfo[],
): Promise<SampleArrays> {
  const own = labels === undefined ? undefined : await readLabels(labels);
  const { arrays, found } = await readArrays(path, inputs, own === undefined);
  const all = own ?? found;
  if (all === undefined)
    throw dataError(
      `${path} comes without labels.`,
      { path },
      { hint: `Name a file with labels (--labels y.npy), or an array of a .npz ${LABEL_NAMES[0]}.` },
    );
  return {
    arrays,
    labels: all,
    sources: Object.fromEntries(Object.keys(arrays).map((name) => [name, path])),
    labelSource: labels ?? path,
  };
}

/** Arrays by the names of the inputs, and the labels beside them. */
export interface FoundArrays {
  readonly arrays: Readonly<Record<string, NpyArray>>;
  readonly found?: NpyArray;
}

/** Reads the arrays of the inputs from `.npy` or `.npz`, and labels where they are wanted and there. */
export async function readArrays(
  path: string,
  inputs: readonly TensorInfo[],
  wantsLabels: boolean,
): Promise<FoundArrays> {
  return /\.npz$/i.test(path) ? readArchive(path, inputs, wantsLabels) : readSingle(path, inputs);
}

async function readLabels(path: string): Promise<NpyArray> {
  return /\.npz$/i.test(path) ? readNpz(path, await onlyLabels(path)) : readNpy(path);
}

async function onlyLabels(path: string): Promise<string> {
  const file = await NpzFile.open(path);
  await file.close();
  return LABEL_NAMES.find((name) => file.names.includes(name)) ?? file.names[0] ?? LABEL_NAMES[0]!;
}

async function readSingle(path: string, inputs: readonly TensorInfo[]): Promise<FoundArrays> {
  const [input] = inputs;
  if (inputs.length !== 1 || input === undefined)
    throw dataError(
      `${path} is one array, and the model has ${inputs.length} inputs: ${inputs.map(({ name }) => name).join(', ')}.`,
      { path },
      { hint: 'Write a .npz with an array for each input.' },
    );
  return { arrays: { [input.name]: await readNpy(path, { type: input.type }) } };
}

async function readArchive(
  path: string,
  inputs: readonly TensorInfo[],
  wantsLabels: boolean,
): Promise<FoundArrays> {
  const file = await NpzFile.open(path);
  try {
    const labelName = wantsLabels
      ? LABEL_NAMES.find((name) => file.names.includes(name) && !inputs.some((input) => input.name === name))
      : undefined;
    const arrays: Record<string, NpyArray> = {};
    for (const input of inputs) {
      const others = file.names.filter((name) => !LABEL_NAMES.includes(name));
      const isOnly = inputs.length === 1 && others.length === 1 && !file.names.includes(input.name);
      arrays[input.name] = await file.read(isOnly ? others[0]! : input.name, { type: input.type });
    }
    return { arrays, ...(labelName === undefined ? {} : { found: await file.read(labelName) }) };
  } finally {
    await file.close();
  }
}
