// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { TensorData, TensorLike } from '../../runtime/tensor';
import type { TensorInfo } from '../../tensor/tensor-info';
import { loadModuleFunction } from '../values/module-function';

/** What a generator of inputs is told. */
export interface GeneratorInfo {
  /** The model's inputs; where `--batch` is given, with the batch in place of the open dimension. */
  readonly inputs: readonly TensorInfo[];
  /** Number of the set, from 0. */
  readonly index: number;
  /** `--seed` */
  readonly seed: number;
  /** `--batch`; null where it is not given. */
  readonly batch: number | null;
}

/** Inputs by name, as `session.run` takes them. */
export type GeneratedFeeds = Readonly<Record<string, TensorData | TensorLike>>;

/** The default export of a module of `--input-module`. */
export type InputGenerator = (info: GeneratorInfo) => GeneratedFeeds | Promise<GeneratedFeeds>;

/**
 * Loads a module, ES or CommonJS, whose default export generates inputs. Its results are checked.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_FILE` if it cannot be loaded, `ERR_TRT_ARG_USAGE` if it exports no function; the
 *   generator: `ERR_TRT_ARG_VALUE` if it fails, `ERR_TRT_ARG_TYPE` if it does not return inputs by name.
 */
export async function loadInputModule(path: string): Promise<InputGenerator> {
  const generator = await loadModuleFunction(path, {
    option: '--input-module',
    form: 'export default ({ inputs, index, seed, batch }) => ({ … })',
    example: 'export default ({ inputs, index, seed, batch }) => ({ name: { data, dims } })',
  });
  return async (info) => checkFeeds(await callGenerator(generator as InputGenerator, info, path), path, info);
}

async function callGenerator(generator: InputGenerator, info: GeneratorInfo, path: string): Promise<unknown> {
  try {
    return await generator(info);
  } catch (cause) {
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `The generator of ${path} failed for set ${info.index}: ${messageOf(cause)}`,
      { hint: 'Correct the module; --verbose shows the stack.', details: { path, index: info.index }, cause },
    );
  }
}

function checkFeeds(feeds: unknown, path: string, { index }: GeneratorInfo): GeneratedFeeds {
  const isRecord =
    typeof feeds === 'object' && feeds !== null && !Array.isArray(feeds) && !ArrayBuffer.isView(feeds);
  if (!isRecord) throw noFeeds(path, index, `returned ${feeds === null ? 'null' : typeof feeds}`);
  const wrong = Object.entries(feeds).find(([, feed]) => !isFeed(feed));
  if (wrong !== undefined) throw noFeeds(path, index, `gave no array for '${wrong[0]}'`);
  return feeds as GeneratedFeeds;
}

function isFeed(feed: unknown): boolean {
  if (ArrayBuffer.isView(feed)) return true;
  return typeof feed === 'object' && feed !== null && 'data' in feed && ArrayBuffer.isView(feed.data);
}

function noFeeds(path: string, index: number, what: string): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_TYPE', `The generator of ${path} ${what} in set ${index}.`, {
    hint: 'Return inputs by name: { name: typedArray } or { name: { data, dims } }.',
    details: { path, index },
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
