// SPDX-License-Identifier: Apache-2.0
// What a search has measured so far, in a file: an interrupted search goes on from there.

import { readFile } from 'node:fs/promises';
import { TensorRTError } from '../../errors';
import { inSequence, writeTogether } from '../../onnx/graph/staged-file';
import type { CompressionTrial, FailedTrial } from './trial';

const FORMAT = 'tensorrt-node compression search';
const VERSION = 1;

/** Trials by the names of their choices, kept in a file if there is a path. */
export class SearchState {
  readonly trials = new Map<string, CompressionTrial>();
  readonly failed = new Map<string, FailedTrial>();
  /** Names of layers, the most sensitive first, once they are ranked. */
  sensitivity: readonly string[] | undefined;

  private constructor(
    private readonly path: string | undefined,
    private readonly key: string,
  ) {}

  /**
   * Opens the state of a search.
   *
   * @param path - Of its file, which need not be there yet; undefined to keep nothing.
   * @param key - Stands for the model, the data and the options: measurements of another search are of no use.
   * @throws {TensorRTError} ERR_TRT_ARG_VALUE for a file that is of another search, or none
   */
  static async open(path: string | undefined, key: string): Promise<SearchState> {
    const state = new SearchState(path, key);
    if (path !== undefined) await state.read(path);
    return state;
  }

  async add(trial: CompressionTrial | FailedTrial): Promise<void> {
    if ('reason' in trial) this.failed.set(trial.name, trial);
    else this.trials.set(trial.name, trial);
    await this.write();
  }

  async rank(layers: readonly string[]): Promise<void> {
    this.sensitivity = layers;
    await this.write();
  }

  has(name: string): boolean {
    return this.trials.has(name) || this.failed.has(name);
  }

  private async read(path: string): Promise<void> {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      throw refuse(path, `cannot be read: ${message}`, error);
    });
    if (text === undefined) return;
    const found = parse(path, text);
    if (found.key !== this.key)
      throw refuse(path, 'is of a search with another model, other data or other options');
    for (const trial of found.trials) this.trials.set(trial.name, trial);
    for (const trial of found.failed) this.failed.set(trial.name, trial);
    this.sensitivity = found.sensitivity;
  }

  private async write(): Promise<void> {
    if (this.path === undefined) return;
    const document: StateDocument = {
      format: FORMAT,
      version: VERSION,
      key: this.key,
      ...(this.sensitivity === undefined ? {} : { sensitivity: this.sensitivity }),
      trials: [...this.trials.values()],
      failed: [...this.failed.values()],
    };
    const bytes = new TextEncoder().encode(`${JSON.stringify(document, null, 1)}\n`);
    await writeTogether([{ path: this.path, parts: inSequence([bytes]) }]);
  }
}

interface StateDocument {
  readonly format: string;
  readonly version: number;
  readonly key: string;
  readonly sensitivity?: readonly string[];
  readonly trials: readonly CompressionTrial[];
  readonly failed: readonly FailedTrial[];
}

function parse(path: string, text: string): StateDocument {
  let found: Partial<StateDocument>;
  try {
    found = JSON.parse(text) as Partial<StateDocument>;
  } catch (error) {
    throw refuse(path, 'is no JSON', error);
  }
  if (found?.format !== FORMAT || found.version !== VERSION)
    throw refuse(path, 'is no state of a search by this version');
  if (!Array.isArray(found.trials) || !Array.isArray(found.failed)) throw refuse(path, 'has no trials');
  const { trials, failed } = found as StateDocument;
  if (![...trials, ...failed].every(isNamed) || !trials.every(isMeasured))
    throw refuse(path, 'is damaged: a trial lacks a number');
  return found as StateDocument;
}

function isNamed(trial: unknown): boolean {
  const { name, choice } = (trial ?? {}) as Partial<FailedTrial>;
  return typeof name === 'string' && typeof choice === 'object' && choice !== null;
}

/** JSON writes what is no number as null, which counts as 0 in comparisons. */
function isMeasured({
  bytes,
  zippedBytes,
  parameters,
  multiplyAdds,
  drop,
  sqnrDb,
}: CompressionTrial): boolean {
  return [bytes, zippedBytes, parameters, multiplyAdds, drop, sqnrDb].every(Number.isFinite);
}

function refuse(path: string, problem: string, cause?: unknown): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_VALUE', `The state of the search, "${path}", ${problem}.`, {
    hint: 'Remove the file to begin anew, or name another one.',
    details: { path },
    cause,
  });
}
