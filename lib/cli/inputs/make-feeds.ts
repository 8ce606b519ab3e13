// SPDX-License-Identifier: Apache-2.0
import { createRandom } from '../../random';
import type { Feeds } from '../../runtime/feeds';
import type { EngineProfile, MinOptMax } from '../../runtime/manifest';
import type { TensorData, TensorLike } from '../../runtime/tensor';
import type { TensorInfo } from '../../tensor/tensor-info';
import { nearestName } from '../../text/nearest-name';
import { usageError } from '../args/usage-error';
import { formatDims } from '../values/format';
import type { NamedLists } from '../values/named-lists';
import { batchInputs, isOpen, withBatch } from './batch';
import { generateData, numbersAsData } from './generate';
import { readInput } from './input-files';
import type { GeneratedFeeds, InputGenerator } from './input-module';
import { describeSource, type GeneratedSource, type InputArgument, type InputSource } from './input-source';

/** What the command line says about inputs. */
export interface FeedRequest {
  readonly inputs: readonly TensorInfo[];
  readonly arguments: readonly InputArgument[];
  /** `--shapes`; a shape beside the source comes first. */
  readonly shapes?: NamedLists;
  /** Source of the inputs that no argument names; null asks for all of them. */
  readonly otherwise: InputSource | null;
  readonly seed: number;
  /** What generated inputs are made for: the profile of an engine; undefined where there is none. */
  readonly profile?: EngineProfile | undefined;
  /** `--batch`: the open leading dimension that the inputs share. It replaces that of `shapes`. */
  readonly batch?: number | undefined;
  /** Comes before all other sources, for the inputs that it gives. */
  readonly generator?: InputGenerator | undefined;
  /** Sets of generated inputs; 1 unless told. A folder of files has as many as files. */
  readonly sets?: number | undefined;
}

/** Feeds and what was decided about them. */
export interface MadeFeeds {
  /** The first set. */
  readonly feeds: Feeds;
  /** All sets: calls take them in turn. */
  readonly sets: readonly Feeds[];
  /** Shape of each input, in the first set. */
  readonly shapes: Record<string, readonly number[]>;
  /** Where each input's elements came from. */
  readonly sources: Record<string, string>;
  /** Inputs whose dynamic dimensions nobody gave; they are the profile's optimum, or 1. */
  readonly assumed: readonly string[];
  /** Samples in one inference, where the inputs share an open leading dimension, or it was given; else 1. */
  readonly batch: number;
}

type Feed = TensorData | TensorLike;

/** The tensors of one input: one, or several that are used in turn. */
interface InputTensors {
  readonly tensors: readonly TensorLike[];
  readonly source: string;
  readonly isAssumed: boolean;
}

/**
 * Makes the inputs of a model from files and generators. Every generated input has its own sequence of random
 * numbers, from the seed and its name, so that adding an input does not change the others. Shape tensors that no
 * argument names get the values that the profile is tuned for: others may lie outside of it.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for names that are no inputs, inputs without a source and shapes that
 * do not fit; `ERR_TRT_LOAD_FILE` and `ERR_TRT_LOAD_NPY_INVALID` for files.
 */
export async function makeFeeds(request: FeedRequest): Promise<MadeFeeds> {
  checkNames(request);
  const { batch } = request;
  const inputs = batch === undefined ? request.inputs : withBatch(request.inputs, batch);
  const generated = await callGenerator(request, inputs);
  const isGiven = (input: TensorInfo) => generated.length > 0 && generated.every((set) => input.name in set);
  const made = new Map<string, InputTensors>();
  for (const input of inputs) {
    if (!isGiven(input)) made.set(input.name, await makeInput(input, inputs, request));
  }
  const count = Math.max(request.sets ?? 1, ...[...made.values()].map(({ tensors }) => tensors.length));
  const sets = Array.from({ length: count }, (_, index) => ({
    ...Object.fromEntries([...made].map(([name, { tensors }]) => [name, tensors[index % tensors.length]!])),
    ...generated[index % generated.length],
  }));
  const shapes = shapesOf(sets[0]!, inputs);
  return {
    feeds: sets[0]!,
    sets,
    shapes,
    sources: Object.fromEntries(inputs.map(({ name }) => [name, made.get(name)?.source ?? 'generator'])),
    assumed: [...made].flatMap(([name, { isAssumed }]) => (isAssumed ? [name] : [])),
    batch: decideBatch(request, shapes),
  };
}

/** The sets of the generator module; none where there is no module. */
async function callGenerator(
  { generator, seed, batch, sets = 1, inputs: declared }: FeedRequest,
  inputs: readonly TensorInfo[],
): Promise<GeneratedFeeds[]> {
  if (generator === undefined) return [];
  const all: GeneratedFeeds[] = [];
  for (let index = 0; index < sets; index += 1) {
    const set = await generator({ inputs, index, seed, batch: batch ?? null });
    refuseUnknown(Object.keys(set), declared);
    all.push(set);
  }
  return all;
}

function checkNames({ inputs, arguments: given, shapes = {} }: FeedRequest): void {
  refuseUnknown(
    [...given.flatMap(({ name }) => (name === null ? [] : [name])), ...Object.keys(shapes)],
    inputs,
  );
}

function refuseUnknown(wanted: readonly string[], inputs: readonly TensorInfo[]): void {
  const names = inputs.map((input) => input.name);
  const wrong = wanted.find((name) => !names.includes(name));
  if (wrong === undefined) return;
  const nearest = nearestName(wrong, names);
  throw usageError(
    `The model has no input '${wrong}'${nearest === undefined ? '' : `; did you mean '${nearest}'?`}`,
    `Its inputs are ${inputs.map((input) => `${input.name} ${formatDims(input.dims)}`).join(', ')}.`,
    { input: wrong, inputs: names },
  );
}

async function makeInput(
  input: TensorInfo,
  inputs: readonly TensorInfo[],
  request: FeedRequest,
): Promise<InputTensors> {
  const { source, isForAll } = sourceOf(input, request);
  const values = tunedValues(input, request);
  if (values !== undefined) return { tensors: [values], source: 'profile', isAssumed: false };
  if (source.kind === 'file') {
    const tensors = await readInput({ input, inputs, source, isForAll });
    const { batch } = request;
    if (batch !== undefined) tensors.forEach((tensor) => checkBatch(input, tensor, source.path, batch));
    return { tensors, source: describeSource(source), isAssumed: false };
  }
  const { dims, isAssumed } = decideShape(input, source, request);
  return { tensors: generateInput(input, dims, source, request), source: describeSource(source), isAssumed };
}

function sourceOf(
  input: TensorInfo,
  { arguments: given, otherwise }: FeedRequest,
): { source: InputSource; isForAll: boolean } {
  // Of several arguments for one input the last counts; one that names it comes before one for all.
  const last = (wanted: string | null) => given.filter(({ name }) => name === wanted).at(-1);
  const named = last(input.name);
  const source = named?.source ?? last(null)?.source ?? otherwise;
  if (source !== null) return { source, isForAll: named === undefined };
  throw usageError(
    `Input '${input.name}' (${input.type} ${formatDims(input.dims)}) got no data.`,
    `Write --input ${quoted(input.name)}=@file.npy, --input ${quoted(input.name)}=random, or --input random for all inputs.`,
    { input: input.name },
  );
}

function quoted(name: string): string {
  return name.includes('=') ? `"'${name}'"` : name;
}

/** A shape tensor with the values that the profile is tuned for; undefined for other inputs. */
function tunedValues(
  { name, type, dims }: TensorInfo,
  { profile, arguments: given }: FeedRequest,
): TensorLike | undefined {
  const range = profile?.[name];
  if (range === undefined || !('values' in range)) return undefined;
  if (given.some((argument) => argument.name === name)) return undefined;
  const { opt } = range.values;
  return { type, dims: dims.length === 0 ? [] : [opt.length], data: numbersAsData(type, opt) };
}

/** Each set of random numbers differs; zeros and ones are the same in all. */
function generateInput(
  { name, type }: TensorInfo,
  dims: readonly number[],
  source: GeneratedSource,
  { seed, sets = 1 }: FeedRequest,
): TensorLike[] {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return Array.from({ length: source.kind === 'random' ? sets : 1 }, (_, index) => {
    const start = index === 0 ? seed ^ hashText(name) : hashText(`${index}\0${name}`) ^ seed;
    return { type, dims, data: generateData(type, count, source, createRandom(start)) };
  });
}

function decideShape(
  input: TensorInfo,
  source: GeneratedSource,
  request: FeedRequest,
): { dims: readonly number[]; isAssumed: boolean } {
  const given = source.dims ?? request.shapes?.[input.name];
  if (given === undefined) {
    const tuned = dimsRange(request.profile, input.name)?.opt;
    const dims = input.dims.map((dim, index) => (isOpen(dim) ? (tuned?.[index] ?? 1) : (dim as number)));
    return { dims, isAssumed: input.dims.some(isOpen) };
  }
  const dims = withLeadingBatch(input, given, request);
  const fits =
    dims.length === input.dims.length && input.dims.every((dim, i) => isOpen(dim) || dim === dims[i]);
  if (!fits) {
    throw usageError(
      `Input '${input.name}' has shape ${formatDims(input.dims)}, which [${given.join(', ')}] does not fit.`,
      'Give fixed dimensions their own value; dynamic ones may have any.',
      { input: input.name, expected: formatDims(input.dims), given },
    );
  }
  return { dims, isAssumed: false };
}

/** With `--batch` the first number of a shape is the batch, so that one shape serves a sweep of it. */
function withLeadingBatch(
  { name }: TensorInfo,
  given: readonly number[],
  { inputs, batch }: FeedRequest,
): readonly number[] {
  const isBatched = batch !== undefined && batchInputs(inputs).some((input) => input.name === name);
  return isBatched ? given.map((dim, index) => (index === 0 ? batch : dim)) : given;
}

function checkBatch({ name, dims }: TensorInfo, tensor: TensorLike, path: string, batch: number): void {
  if (dims[0] !== batch || tensor.dims === undefined || tensor.dims[0] === batch) return;
  throw usageError(
    `Input '${name}' has shape ${formatDims(dims)} with --batch ${batch}, which [${tensor.dims.join(', ')}] of ${path} does not fit.`,
    `Leave --batch out, or give data with a leading dimension of ${batch}.`,
    { input: name, expected: dims, given: tensor.dims, path },
  );
}

function dimsRange(profile: EngineProfile | undefined, name: string): MinOptMax | undefined {
  const range = profile?.[name];
  return range === undefined || 'values' in range ? undefined : range;
}

/** A bare array has the model's own shape; where that is open the session decides, and nobody knows here. */
function shapesOf(feeds: Readonly<Record<string, Feed>>, inputs: readonly TensorInfo[]) {
  const shapes: Record<string, readonly number[]> = {};
  for (const { name, dims } of inputs) {
    const feed = feeds[name];
    const own = feed === undefined || ArrayBuffer.isView(feed) ? undefined : feed.dims;
    shapes[name] = own ?? dims.map((dim) => (isOpen(dim) ? -1 : (dim as number)));
  }
  return shapes;
}

function decideBatch({ inputs, batch }: FeedRequest, shapes: MadeFeeds['shapes']): number {
  if (batch !== undefined) return batch;
  const leading = new Set(batchInputs(inputs).map(({ name }) => shapes[name]?.[0]));
  const [shared = 1] = leading;
  return leading.size === 1 && shared > 0 ? shared : 1;
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
