// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { throwIfAborted } from '../observe/stop-work';
import { nameChoice, UNCHANGED, type Choice } from './choice';
import {
  orderPredictions,
  predictCompositions,
  singleChoices,
  type SearchAim,
  type SearchSpace,
} from './order-trials';
import type { SearchState } from './search-state';
import type { CompressionTrial } from './trial';

/** What a search needs. */
export interface SearchWork {
  readonly space: SearchSpace;
  readonly aim: SearchAim;
  readonly state: SearchState;
  /** Most choices that are measured, the single steps among them. */
  readonly mostTrials: number;
  /** Whether the time is over; asked between two trials. */
  readonly isLate: () => boolean;
  /** @throws {TensorRTError} for what the model does not allow: a failed trial */
  readonly make: (choice: Choice) => Promise<OnnxModel>;
  readonly measure: (choice: Choice, model: OnnxModel) => Promise<CompressionTrial>;
  /** Called for every measured model while it is there. */
  readonly onTrial?: (trial: CompressionTrial, model: OnnxModel) => void;
  readonly onProgress?: (step: string) => void;
  readonly signal?: AbortSignal;
}

/** Why a search ended. */
export type SearchEnd = 'all tried' | 'number of trials' | 'time limit';

/**
 * Measures the model as it is, then each step by itself, then compositions, the most promising first, until all are
 * measured or a limit is reached. What the state holds already is not measured again.
 *
 * @throws {TensorRTError} ERR_TRT_RUN_ABORTED between two trials; what making and measuring throw that is no refusal
 */
export async function runSearch(work: SearchWork): Promise<SearchEnd> {
  const { space, aim, state } = work;
  await tryChoice(work, UNCHANGED);
  for (const choice of singleChoices(space)) {
    const end = limitOf(work, choice);
    if (end !== undefined) return end;
    await tryChoice(work, choice);
  }
  const source = state.trials.get(nameChoice(UNCHANGED))!;
  const predictions = predictCompositions(space, { source, trials: state.trials });
  for (const { choice } of orderPredictions(predictions, aim)) {
    const end = limitOf(work, choice);
    if (end !== undefined) return end;
    await tryChoice(work, choice);
  }
  return 'all tried';
}

function limitOf({ state, mostTrials, isLate }: SearchWork, choice: Choice): SearchEnd | undefined {
  if (state.has(nameChoice(choice))) return undefined;
  if (state.trials.size + state.failed.size >= mostTrials) return 'number of trials';
  return isLate() ? 'time limit' : undefined;
}

async function tryChoice(work: SearchWork, choice: Choice): Promise<void> {
  const { state, signal, onProgress, onTrial, mostTrials } = work;
  const name = nameChoice(choice);
  if (state.has(name)) return;
  throwIfAborted(signal);
  const tried = state.trials.size + state.failed.size + 1;
  onProgress?.(`trying ${name} (${tried} of at most ${mostTrials})`);
  try {
    const model = await work.make(choice);
    const trial = await work.measure(choice, model);
    onTrial?.(trial, model);
    await state.add(trial);
  } catch (error) {
    // All others are measured against the source.
    if (!isRefusal(error) || name === nameChoice(UNCHANGED)) throw error;
    await state.add({ choice, name, reason: error.message });
  }
}

const REFUSALS = /^ERR_TRT_(COMPRESS_(TARGET|UNSUPPORTED)|QUANT_UNSUPPORTED|BUILD_PRECISION)$/;

/** The model does not allow the step; other errors are faults of the call, of the data or of this package. */
function isRefusal(error: unknown): error is TensorRTError {
  return error instanceof TensorRTError && REFUSALS.test(error.code);
}
