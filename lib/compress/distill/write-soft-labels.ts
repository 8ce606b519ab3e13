// SPDX-License-Identifier: Apache-2.0
import { extname } from 'node:path';
import { inSequence, writeTogether } from '../../onnx/graph/staged-file';
import { formatNpy } from '../../tensor/npy';
import { tableCrc32 } from '../../tensor/zip';
import { valueError } from '../../option-checks';
import type { SoftLabels } from './soft-labels';

/**
 * Writes soft labels for `numpy.load`: `.npy` has the probabilities, `.npz` has `probabilities` and `temperature`. The
 * file appears as a whole or not at all.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for another ending, ERR_TRT_ONNX_WRITE if it cannot be written
 */
export async function writeSoftLabels(
  path: string,
  { probabilities, temperature }: SoftLabels,
): Promise<void> {
  const { data, dims } = probabilities;
  const array = formatNpy({ type: 'float32', data, dims });
  const ending = extname(path).toLowerCase();
  if (ending !== '.npy' && ending !== '.npz')
    throw valueError('path', path, 'a path that ends in .npy or .npz');
  const scalar = formatNpy({ type: 'float32', data: Float32Array.of(temperature), dims: [] });
  const parts =
    ending === '.npy' ? [array] : storedArchive({ 'probabilities.npy': array, 'temperature.npy': scalar });
  await writeTogether([{ path, parts: inSequence(parts) }]);
}

/** A zip archive without compression, of less than 4 GiB. APPNOTE.TXT 4.3. */
function storedArchive(files: Readonly<Record<string, Uint8Array>>): Uint8Array[] {
  const entries: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, bytes] of Object.entries(files)) {
    const facts = entryFacts(name, bytes);
    const local = Buffer.concat([numbers([0x04034b50, 4]), facts, Buffer.from(name)]);
    directory.push(
      Buffer.concat([
        numbers([0x02014b50, 4], [20, 2]),
        facts,
        numbers([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]),
        Buffer.from(name),
      ]),
    );
    entries.push(local, bytes);
    offset += local.length + bytes.length;
  }
  const count = directory.length;
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = numbers(
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [count, 2],
    [count, 2],
    [size, 4],
    [offset, 4],
    [0, 2],
  );
  return [...entries, ...directory, end];
}

/** What both headers of a file say: version, flags, stored, 1 January 1980, checksum, sizes, lengths of name and extra. */
function entryFacts(name: string, bytes: Uint8Array): Buffer {
  const { length } = bytes;
  const [version, firstDay] = [20, 0x21];
  const before = numbers([version, 2], [0, 2], [0, 2], [0, 2], [firstDay, 2], [tableCrc32(bytes), 4]);
  return Buffer.concat([before, numbers([length, 4], [length, 4], [name.length, 2], [0, 2])]);
}

/** Little-endian numbers of 2 and 4 bytes. */
function numbers(...list: readonly (readonly [value: number, bytes: 2 | 4])[]): Buffer {
  return Buffer.concat(
    list.map(([value, bytes]) => {
      const buffer = Buffer.alloc(bytes);
      if (bytes === 2) buffer.writeUInt16LE(value);
      else buffer.writeUInt32LE(value);
      return buffer;
    }),
  );
}
