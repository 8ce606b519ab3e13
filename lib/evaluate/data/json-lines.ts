// SPDX-License-Identifier: Apache-2.0
import { createReadStream } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { TensorInfo, TensorLike } from '../../index';
import type { Box, LabelledBox } from '../metrics/detection';
import { dataError } from './data-error';
import { encodeNumbers } from './element-conversion';
import type { Sample, SampleLabel } from './labelled-batch';
import { flattenNumbers } from './nested-numbers';
import { readSampleFile, type Decode } from './read-samples';

/** How lines are read. */
export interface JsonLinesOptions {
  /** Reads the files that lines name. */
  readonly decode?: Decode;
  /** Whether each line needs a label. Default true. */
  readonly isLabelled?: boolean;
}

/**
 * Reads a file with one JSON object a line, a line at a time:
 *
 * - `{ "input": [[…]], "label": 3 }`, nested lists, for the only input;
 * - `{ "input": { "ids": [1, 2], "mask": [1, 1] }, "label": 3 }` by name;
 * - `{ "file": "cat.npy", "label": 3 }`, relative to this file;
 * - in place of the label `"labels": [0.5, 2]` for a regression, or `"boxes": [[left, top, right, bottom], …]` with
 *   `"classes": [0, …]` for a detection.
 *
 * Empty lines are left out. Without `isLabelled` nothing but the inputs is looked at.
 *
 * @throws {TensorRTError} `ERR_TRT_EVAL_DATA` naming file and line
 */
export async function* readJsonLines(
  path: string,
  inputs: readonly TensorInfo[],
  { decode, isLabelled = true }: JsonLinesOptions = {},
): AsyncGenerator<Sample> {
  const stream = createReadStream(path, 'utf8');
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  let number = 0;
  try {
    for await (const line of lines) {
      number++;
      if (line.trim() === '') continue;
      const name = `${path}:${number}`;
      const entry = parseLine(line, name);
      yield {
        name,
        tensors: await tensorsOf(entry, name, { path, inputs, decode }),
        label: isLabelled ? labelOf(entry, name) : 0,
      };
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
    throw dataError(`${path} cannot be read: ${(cause as Error).message}`, { path }, { cause });
  } finally {
    lines.close();
    stream.destroy();
  }
}

type Entry = Readonly<Record<string, unknown>>;

function parseLine(line: string, name: string): Entry {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw dataError(`${name} is no JSON: ${(cause as Error).message}`, { sample: name }, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Entry;
  throw dataError(`${name}: expected an object { "input", "label" }.`, { sample: name });
}

interface Surroundings {
  readonly path: string;
  readonly inputs: readonly TensorInfo[];
  readonly decode: Decode | undefined;
}

async function tensorsOf(
  entry: Entry,
  name: string,
  { path, inputs, decode }: Surroundings,
): Promise<Record<string, TensorLike>> {
  const { input, file } = entry;
  if (typeof file === 'string') return readSampleFile(resolve(dirname(path), file), inputs, decode);
  if (input === undefined) throw dataError(`${name} has neither "input" nor "file".`, { sample: name });
  const isByName = typeof input === 'object' && input !== null && !Array.isArray(input);
  if (!isByName && inputs.length !== 1)
    throw dataError(`${name}: the model has ${inputs.length} inputs: give "input" by their names.`, {
      sample: name,
    });
  const values: Entry = isByName ? (input as Entry) : { [inputs[0]!.name]: input };
  const tensors: Record<string, TensorLike> = {};
  for (const info of inputs) {
    if (!(info.name in values)) throw dataError(`${name} has no input '${info.name}'.`, { sample: name });
    const numbers = flattenNumbers(values[info.name], `${name}: '${info.name}'`);
    const data = encodeNumbers(numbers.values, info.type, `${name}: '${info.name}'`);
    tensors[info.name] = { type: info.type, dims: numbers.dims, data };
  }
  return tensors;
}

function labelOf(entry: Entry, name: string): SampleLabel {
  const { label, labels, boxes, classes } = entry;
  if (boxes !== undefined) return boxesOf(boxes, classes, name);
  if (typeof label === 'number') return label;
  if (Array.isArray(labels) && labels.every((one) => typeof one === 'number')) return labels;
  throw dataError(`${name} has no "label" that is a number, no "labels" and no "boxes".`, { sample: name });
}

function boxesOf(boxes: unknown, classes: unknown, name: string): LabelledBox[] {
  if (!Array.isArray(boxes) || !Array.isArray(classes) || boxes.length !== classes.length)
    throw dataError(`${name}: "boxes" and "classes" must be lists of the same length.`, { sample: name });
  return boxes.map((box: unknown, index) => {
    const label: unknown = classes[index];
    const isBox = Array.isArray(box) && box.length === 4 && box.every((one) => typeof one === 'number');
    if (!isBox || !Number.isInteger(label) || (label as number) < 0)
      throw dataError(`${name}: box ${index} is not [left, top, right, bottom] with a class from 0.`, {
        sample: name,
        box,
        class: label,
      });
    return { box: box as unknown as Box, label: label as number };
  });
}
