// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';

/** Bytes of a model's file with the file of weights beside it; 0 where there is none. */
export async function modelFileSize(path: string): Promise<number> {
  const size = async (file: string) =>
    stat(file).then(
      (found) => found.size,
      () => 0,
    );
  return (await size(path)) + (await size(`${path}.data`));
}
