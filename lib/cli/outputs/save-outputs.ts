// SPDX-License-Identifier: Apache-2.0
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TensorRTError } from '../../errors';
import { writeNpy, type NpyInput } from '../../tensor/npy';

/**
 * Writes each tensor as `<name>.npy` into a folder, which is made if need be.
 *
 * @returns the path of each tensor's file
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE` if the folder or a file cannot be written, `ERR_TRT_ARG_TYPE` for
 * types that .npy files cannot hold.
 */
export async function saveOutputs(
  folder: string,
  tensors: Readonly<Record<string, NpyInput>>,
): Promise<Record<string, string>> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new TensorRTError(
      'ERR_TRT_LOAD_FILE',
      `The folder ${folder} cannot be made: ${(cause as Error).message}`,
      {
        hint: 'Give a folder that can be written with -o.',
        details: { path: folder },
        cause,
      },
    );
  }
  const files: Record<string, string> = {};
  const taken = new Set<string>();
  for (const [name, tensor] of Object.entries(tensors)) {
    files[name] = join(folder, fileNameOf(name, taken));
    await writeNpy(files[name], tensor);
  }
  return files;
}

const LONGEST_NAME = 120;

/** Tensor names may hold anything (`/model/out:0`, `..`): what is no plain file name is replaced, and kept unique. */
export function fileNameOf(tensorName: string, taken: Set<string>): string {
  const plain =
    tensorName
      .replace(/[^\w.-]+/g, '_')
      .replace(/^[._]+/, '')
      .slice(0, LONGEST_NAME) || 'output';
  let name = `${plain}.npy`;
  for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${plain}-${number}.npy`;
  // File systems may not tell upper from lower case.
  taken.add(name.toLowerCase());
  return name;
}
