// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { throwIfAborted } from '../observe/stop-work';
import { equalizeModel, type EqualizeOptions } from './equalize-model';
import { reportOf, type ChannelMaxima, type EqualizeReport } from './equalize-report';

/** What to choose from, and how to judge it. */
export interface FindEqualizationOptions extends Omit<EqualizeOptions, 'exponent'> {
  /** Not changed. */
  readonly model: OnnxModel;
  readonly maxima: ChannelMaxima;
  /** Default 0.35, 0.5, 0.65, 0.8. */
  readonly exponents?: readonly number[];
  /** How good a candidate is once it is quantised, e.g. the SQNR of its outputs in dB; more is better. It may change it. */
  readonly score: (candidate: OnnxModel) => Promise<number>;
  /** Called after `score` where the candidate that was just scored is the best so far. */
  readonly onKept?: () => void;
  readonly signal?: AbortSignal;
}

/** An attempt. */
export interface EqualizationAttempt {
  readonly exponent: number | 'none';
  /** False where no multiplication was inserted. */
  readonly explicit: boolean;
  readonly score: number;
}

/** What was chosen, and from what. */
export interface ChosenEqualization {
  /** The model given, or an equalised copy of it. */
  readonly model: OnnxModel;
  readonly chosen: number | 'none';
  /** True if multiplications were inserted. */
  readonly explicit: boolean;
  readonly tried: readonly EqualizationAttempt[];
  /** Of the model chosen. */
  readonly report: EqualizeReport;
}

const EXPONENTS = [0.35, 0.5, 0.65, 0.8];
/** Multiplications take time when the model runs: they have to gain this much. */
const LEAST_GAIN_DB = 0.5;

/**
 * Equalises with several exponents and keeps the one whose score is best; none at all where no score is better than
 * that of the model as it is. Inserted multiplications have to gain half a decibel: the best candidate that has some is
 * tried without them too. Two models are in memory at a time. Without a place to equalise, nothing is scored.
 *
 * @throws {TensorRTError} ERR_TRT_RUN_ABORTED; what `score` throws
 */
export async function findBestEqualization(options: FindEqualizationOptions): Promise<ChosenEqualization> {
  const { exponents = EXPONENTS, explicit = true } = options;
  const tried: EqualizationAttempt[] = [];
  let kept: EqualizationAttempt = { exponent: 'none', explicit: false, score: -Infinity };
  const attempt = async (candidate: Candidate) => {
    throwIfAborted(options.signal);
    const { model, report } = make(candidate, options);
    const isExplicit = report.places.some(({ by }) => by === 'multiplication');
    const one = { exponent: candidate.exponent, explicit: isExplicit, score: await options.score(model) };
    if (tried.length === 0 || valueOf(one) > valueOf(kept)) {
      kept = one;
      options.onKept?.();
    }
    tried.push(one);
  };
  const all = exponents.map((exponent): Candidate => ({ exponent, explicit }));
  if (all.every((candidate) => make(candidate, options).report.places.length === 0))
    return unchanged(options, tried);
  await attempt({ exponent: 'none', explicit: false });
  for (const candidate of all) await attempt(candidate);
  const withMost = tried.filter((one) => one.explicit).reduce(better, tried[0]!);
  if (withMost.explicit) await attempt({ exponent: withMost.exponent, explicit: false });
  if (kept.exponent === 'none') return unchanged(options, tried);
  // Made again rather than kept: candidates have weights of their own.
  return { ...make(kept, options), chosen: kept.exponent, explicit: kept.explicit, tried };
}

type Candidate = Pick<EqualizationAttempt, 'exponent' | 'explicit'>;

function make(
  { exponent, explicit }: Candidate,
  { model, maxima, isQuantized }: FindEqualizationOptions,
): { model: OnnxModel; report: EqualizeReport } {
  const candidate = model.clone();
  if (exponent === 'none') return { model: candidate, report: reportOf([]) };
  const options = { exponent, explicit, ...(isQuantized === undefined ? {} : { isQuantized }) };
  return { model: candidate, report: equalizeModel(candidate, maxima, options) };
}

function unchanged(
  { model }: FindEqualizationOptions,
  tried: readonly EqualizationAttempt[],
): ChosenEqualization {
  return { model, chosen: 'none', explicit: false, tried, report: reportOf([]) };
}

function valueOf({ score, explicit }: EqualizationAttempt): number {
  return explicit ? score - LEAST_GAIN_DB : score;
}

function better(a: EqualizationAttempt, b: EqualizationAttempt): EqualizationAttempt {
  return !a.explicit || b.score > a.score ? b : a;
}
