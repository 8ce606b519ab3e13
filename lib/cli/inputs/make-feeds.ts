// SPDX-License-Identifier: Apache-2.0
import { createRandom, type RandomBits } from '../../random';
import type { Feeds } from '../../runtime/feeds';
import type { EngineProfile, MinOptMax } from '../../runtime/manifest';
import type { TensorData, TensorLike } from '../../runtime/tensor';
import type { TensorInfo } from '../../tensor/tensor-info';
import { readNpy } from '../../tensor/npy';
import { nearestName } from '../../text/nearest-name';
import { usageError } from '../args/usage-error';
import { formatDims } from '../values/format';
import type { NamedLists } from '../values/named-lists';
import { generateData, numbersAsData } from './generate';
import type { InputArgument, InputSource } from './input-source';

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
}

/** Feeds and what was decided about them. */
export interface MadeFeeds {
  readonly feeds: Feeds;
  /** Shape of each input. */
  readonly shapes: Record<string, readonly number[]>;
  /** Where each input's elements came from. */
  readonly sources: Record<string, string>;
  /** Inputs whose dynamic dimensions nobody gave; they are the profile's optimum, or 1. */
  readonly assumed: readonly string[];
}

/**
 * Makes the inputs of a model from files and generators. Every generated input has its own sequence of random
 * numbers, from the seed and its name, so that adding an input does not change the others. Shape tensors that no
 * argument names get the values that the profile is tuned for: others may lie outside of it.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_USAGE` for names that are no inputs, inputs without a source and shapes that
 * do not fit.
 */
export async function makeFeeds(request: FeedRequest): Promise<MadeFeeds> {
  checkNames(request);
  const feeds: Record<string, TensorData | TensorLike> = {};
  const shapes: Record<string, readonly number[]> = {};
  const sources: Record<string, string> = {};
  const assumed: string[] = [];
  for (const input of request.inputs) {
    const source = sourceOf(input, request);
    const values = tunedValues(input, request);
    if (values !== undefined) {
      feeds[input.name] = values;
      shapes[input.name] = values.dims ?? [];
      sources[input.name] = 'profile';
      continue;
    }
    const shape = source.kind === 'file' ? undefined : decideShape(input, source, request);
    const feed = await makeFeed(
      input,
      source,
      shape?.dims ?? [],
      createRandom(request.seed ^ hashText(input.name)),
    );
    feeds[input.name] = feed;
    shapes[input.name] = feed.dims ?? [];
    sources[input.name] = source.kind === 'file' ? `@${source.path}` : source.kind;
    if (shape?.isAssumed === true) assumed.push(input.name);
  }
  return { feeds, shapes, sources, assumed };
}

function checkNames({ inputs, arguments: given, shapes = {} }: FeedRequest): void {
  const names = inputs.map((input) => input.name);
  const wanted = [...given.flatMap(({ name }) => (name === null ? [] : [name])), ...Object.keys(shapes)];
  const wrong = wanted.find((name) => !names.includes(name));
  if (wrong === undefined) return;
  const nearest = nearestName(wrong, names);
  throw usageError(
    `The model has no input '${wrong}'${nearest === undefined ? '' : `; did you mean '${nearest}'?`}`,
    `Its inputs are ${inputs.map((input) => `${input.name} ${formatDims(input.dims)}`).join(', ')}.`,
    { input: wrong, inputs: names },
  );
}

function sourceOf(input: TensorInfo, { arguments: given, otherwise }: FeedRequest): InputSource {
  // Of several arguments for one input the last counts; one that names it comes before one for all.
  const last = (wanted: string | null) => given.filter(({ name }) => name === wanted).at(-1);
  const named = last(input.name) ?? last(null);
  const source = named?.source ?? otherwise;
  if (source !== null) return source;
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

function decideShape(
  input: TensorInfo,
  source: Exclude<InputSource, { kind: 'file' }>,
  { shapes, profile }: FeedRequest,
): { dims: readonly number[]; isAssumed: boolean } {
  const given = source.dims ?? shapes?.[input.name];
  if (given === undefined) {
    const tuned = dimsRange(profile, input.name)?.opt;
    const dims = input.dims.map((dim, index) => (isOpen(dim) ? (tuned?.[index] ?? 1) : (dim as number)));
    return { dims, isAssumed: input.dims.some(isOpen) };
  }
  const fits =
    given.length === input.dims.length && input.dims.every((dim, i) => isOpen(dim) || dim === given[i]);
  if (!fits) {
    throw usageError(
      `Input '${input.name}' has shape ${formatDims(input.dims)}, which [${given.join(', ')}] does not fit.`,
      'Give fixed dimensions their own value; dynamic ones may have any.',
      { input: input.name, expected: formatDims(input.dims), given },
    );
  }
  return { dims: given, isAssumed: false };
}

function dimsRange(profile: EngineProfile | undefined, name: string): MinOptMax | undefined {
  const range = profile?.[name];
  return range === undefined || 'values' in range ? undefined : range;
}

function isOpen(dim: number | string): boolean {
  return typeof dim !== 'number' || dim < 0;
}

async function makeFeed(
  input: TensorInfo,
  source: InputSource,
  dims: readonly number[],
  random: RandomBits,
): Promise<TensorLike> {
  if (source.kind !== 'file') {
    const count = dims.reduce((product, dim) => product * dim, 1);
    return { type: input.type, dims, data: generateData(input.type, count, source.kind, random) };
  }
  const array = await readNpy(source.path, { type: input.type });
  return { type: array.type, dims: array.dims, data: array.data };
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
