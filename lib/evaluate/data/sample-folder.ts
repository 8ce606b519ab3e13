// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { TensorInfo } from '../../index';
import { readNpy } from '../../tensor/npy';
import { dataError } from './data-error';
import type { Sample } from './labelled-batch';
import { parseLabelTable } from './label-table';
import { READABLE, readSampleFile, type Decode } from './read-samples';

/** A file with its class. */
export interface LabelledFile {
  readonly path: string;
  readonly label: number;
}

/** What a folder holds, before any sample is read. */
export interface SampleFolder {
  readonly files: readonly LabelledFile[];
  /** Names of the classes, where folders name them. */
  readonly classNames?: readonly string[];
}

const byName = new Intl.Collator('en', { numeric: true }).compare;
const LABEL_FILES = ['labels.csv', 'labels.json', 'labels.npy'];

/**
 * Lists a folder of samples, in the order of their names:
 *
 * 1. with a file of labels (given, or `labels.csv`, `.json` or `.npy` in the folder): the files that it names, or for
 *    `.npy` all files in the order of their names;
 * 2. else one folder for each class, classes numbered in the order of their names.
 *
 * Without `decode` only files that can be read without one are samples; one that cannot is an error, not left out.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA`
 */
export async function listSampleFolder(folder: string, labels?: string): Promise<SampleFolder> {
  const table = labels ?? (await findLabels(folder));
  const found = table === undefined ? await listClasses(folder) : { files: await listTable(folder, table) };
  if (found.files.length > 0) return found;
  throw dataError(
    `The folder ${folder} holds no samples.`,
    { path: folder },
    {
      hint: `Put a folder for each class there, or a labels.csv with the lines file,label (${READABLE.join(', ')}).`,
    },
  );
}

/**
 * Lists the samples of a folder of which nothing needs to be known: its files and those of the folders in it.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA`
 */
export async function listUnlabelledFolder(folder: string): Promise<SampleFolder> {
  const entries = await entriesOf(folder);
  const isSample = ({ name, isFile }: { name: string; isFile: boolean }) =>
    isFile && !LABEL_FILES.includes(name);
  const own = entries
    .map((entry) => ({ name: entry.name, isFile: entry.isFile() }))
    .filter(isSample)
    .map(({ name }) => ({ path: join(folder, name), label: 0 }));
  const { files } = await listClasses(folder);
  if (own.length + files.length > 0) return { files: [...own, ...files] };
  throw dataError(`The folder ${folder} holds no samples.`, { path: folder });
}

/** Reads the samples of a folder, one at a time. */
export async function* readSampleFolder(
  { files }: SampleFolder,
  inputs: readonly TensorInfo[],
  decode?: Decode,
): AsyncGenerator<Sample> {
  for (const { path, label } of files)
    yield { name: path, label, tensors: await readSampleFile(path, inputs, decode) };
}

async function findLabels(folder: string): Promise<string | undefined> {
  for (const name of LABEL_FILES) {
    const path = join(folder, name);
    if (
      await stat(path)
        .then((entry) => entry.isFile())
        .catch(() => false)
    )
      return path;
  }
  return undefined;
}

async function listTable(folder: string, table: string): Promise<LabelledFile[]> {
  if (extname(table).toLowerCase() !== '.npy') {
    const text = await readFile(table, 'utf8').catch((cause: unknown) => {
      throw dataError(`${table} cannot be read: ${(cause as Error).message}`, { path: table }, { cause });
    });
    return parseLabelTable(text, table).map(({ file, label }) => ({ path: join(folder, file), label }));
  }
  const { data } = await readNpy(table);
  const entries = await entriesOf(folder);
  const names = entries.filter((entry) => entry.isFile() && !LABEL_FILES.includes(entry.name));
  if (names.length !== data.length)
    throw dataError(`${folder} has ${names.length} files, and ${table} labels for ${data.length}.`, {
      path: folder,
      files: names.length,
      labels: data.length,
    });
  return names.map(({ name }, index) => ({ path: join(folder, name), label: Number(data[index]) }));
}

async function listClasses(folder: string): Promise<SampleFolder> {
  const classes = (await entriesOf(folder)).filter((entry) => entry.isDirectory());
  const files: LabelledFile[] = [];
  for (const [label, { name }] of classes.entries()) {
    const entries = await entriesOf(join(folder, name));
    for (const entry of entries)
      if (entry.isFile()) files.push({ path: join(folder, name, entry.name), label });
  }
  return { files, classNames: classes.map(({ name }) => name) };
}

/** Hidden files are what systems leave behind, no samples. */
async function entriesOf(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw dataError(`${folder} cannot be read: ${(cause as Error).message}`, { path: folder }, { cause });
  });
  return entries.filter(({ name }) => !name.startsWith('.')).sort((a, b) => byName(a.name, b.name));
}
