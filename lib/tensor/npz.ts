// SPDX-License-Identifier: Apache-2.0
// NumPy's .npz files: zip archives of .npy files, one for each array.

import { TensorRTError } from '../errors';
import { didYouMean } from '../text/nearest-name';
import { parseNpy, type NpyArray, type ReadNpyOptions } from './npy';
import { ZipFile, type ZipEntry } from './zip';

/** An open .npz file; each array is read when it is asked for. Close it when done. */
export class NpzFile {
  /** Names of the arrays, without `.npy`. */
  readonly names: readonly string[];
  readonly #path: string;
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, ZipEntry>;

  private constructor(path: string, zip: ZipFile) {
    this.#path = path;
    this.#zip = zip;
    const arrays = zip.entries.filter(({ name }) => name.endsWith('.npy'));
    this.#entries = new Map(arrays.map((entry) => [entry.name.slice(0, -'.npy'.length), entry]));
    this.names = [...this.#entries.keys()];
  }

  /**
   * Opens a .npz file as `numpy.savez()` and `numpy.savez_compressed()` write it.
   *
   * @throws {TensorRTError} `ERR_TRT_LOAD_FILE` if it cannot be opened, `ERR_TRT_LOAD_NPY_INVALID` if it is no such
   *   archive.
   */
  static async open(path: string): Promise<NpzFile> {
    const zip = await ZipFile.open(path, (reason) => invalid(path, reason));
    return new NpzFile(path, zip);
  }

  /**
   * Reads an array into memory of its own.
   *
   * @throws {TensorRTError} `ERR_TRT_LOAD_NPY_INVALID` if there is no such array or its bytes are not what the archive
   *   says, `ERR_TRT_LOAD_FILE` if the file cannot be read.
   */
  async read(name: string, options: ReadNpyOptions = {}): Promise<NpyArray> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw this.#noSuchArray(name);
    return parseNpy(await this.#zip.read(entry), { ...options, name: `${this.#path}:${name}` });
  }

  close(): Promise<void> {
    return this.#zip.close();
  }

  #noSuchArray(name: string): TensorRTError {
    const { names } = this;
    const list =
      names.length === 0 ? 'It has no arrays.' : `Its arrays are ${names.slice(0, 20).join(', ')}.`;
    return new TensorRTError(
      'ERR_TRT_LOAD_NPY_INVALID',
      `${this.#path} has no array '${name}'.${didYouMean(name, names)}`,
      { hint: list, details: { name: this.#path, array: name, arrays: names.slice(0, 100) } },
    );
  }
}

/**
 * Reads one array of a .npz file, or the only one where no name is given.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE`, `ERR_TRT_LOAD_NPY_INVALID`
 */
export async function readNpz(path: string, name: string, options: ReadNpyOptions = {}): Promise<NpyArray> {
  const file = await NpzFile.open(path);
  try {
    return await file.read(name, options);
  } finally {
    await file.close();
  }
}

function invalid(name: string, reason: string): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_LOAD_NPY_INVALID',
    `${name} is not an archive of arrays that can be read: ${reason}`,
    {
      hint: 'Write it with numpy.savez(path, name=array) or numpy.savez_compressed().',
      details: { name, reason },
    },
  );
}
