// SPDX-License-Identifier: Apache-2.0
import { extname } from 'node:path';
import { inSequence, writeTogether } from '../../onnx/graph/staged-file';
import { formatNpy } from '../../tensor/npy';
import { tableCrc32 } from '../../tensor/zip';
import { valueError } from '../../option-checks';
import { loadParquet, type ParquetModule } from './parquet-module';
import type { SoftLabels } from './soft-labels';

/**
 * Writes soft labels for trainers elsewhere. The file appears as a whole or not at all.
 *
 * 1. `.npy`: the probabilities.
 * 2. `.npz`: `probabilities` and `temperature`.
 * 3. `.parquet`: a row for each sample with the list `probabilities`; the file's metadata has `temperature`, and `dims` of all
 *    samples. Needs the package hyparquet-writer.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for another ending, ERR_TRT_ONNX_WRITE if it cannot be written,
 * ERR_TRT_LOAD_PARQUET_NOT_FOUND without the package
 */
export async function writeSoftLabels(path: string, labels: SoftLabels): Promise<void> {
  const format = FORMATS[extname(path).toLowerCase()];
  if (format === undefined) throw valueError('path', path, `a path that ends in ${ENDINGS}`);
  await writeTogether([{ path, parts: inSequence(await format(labels)) }]);
}

const FORMATS: Readonly<Record<string, (labels: SoftLabels) => Uint8Array[] | Promise<Uint8Array[]>>> = {
  '.npy': (labels) => [formatProbabilities(labels)],
  '.npz': (labels) =>
    storedArchive({
      'probabilities.npy': formatProbabilities(labels),
      'temperature.npy': formatNpy({ type: 'float32', data: Float32Array.of(labels.temperature), dims: [] }),
    }),
  '.parquet': async (labels) => [formatParquet(labels, await loadParquet())],
};
const ENDINGS = '.npy, .npz or .parquet';

function formatProbabilities({ probabilities: { data, dims } }: SoftLabels): Uint8Array {
  return formatNpy({ type: 'float32', data, dims });
}

/** A list for each sample: readers that know nothing of tensors take it as a column. */
function formatParquet(
  { probabilities: { data, dims }, temperature }: SoftLabels,
  parquet: ParquetModule,
): Uint8Array {
  const size = data.length / dims[0]!;
  const rows = Array.from({ length: dims[0]! }, (_, row) =>
    Array.from(data.subarray(row * size, (row + 1) * size)),
  );
  const name = 'probabilities';
  const buffer = parquet.parquetWriteBuffer({
    columnData: [{ name, data: rows }],
    schema: [
      { name: 'root', num_children: 1 },
      { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
    ],
    kvMetadata: [
      { key: 'temperature', value: String(temperature) },
      { key: 'dims', value: JSON.stringify(dims) },
    ],
    codec: 'SNAPPY',
    // Smallest and largest values tell nothing of probabilities.
    statistics: false,
    createdBy: 'tensorrt-node',
  });
  return new Uint8Array(buffer);
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
