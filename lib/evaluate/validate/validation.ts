// SPDX-License-Identifier: Apache-2.0
import type { Feeds, SessionOptions, TensorInfo } from '../../index';
import type { EVALUATION_SCHEMA_VERSION } from '../evaluation';
import type { ModelToEvaluate } from '../evaluated-model';
import type { TensorDifference } from './difference-sums';
import type { Tolerance, ValidatedPrecision } from './tolerance';

/** Feeds of runs. */
export type GivenInputs = Iterable<Feeds> | AsyncIterable<Feeds>;

/** What changes a validation. */
export interface ValidateOptions {
  /** Inputs of your own, each the feeds of one run, before the random ones; or a function that makes them for a model. */
  readonly inputs?: GivenInputs | ((inputs: readonly TensorInfo[]) => GivenInputs | Promise<GivenInputs>);
  /** Runs on random inputs. Default 8, or 0 where inputs are given. */
  readonly runs?: number;
  /** Start of the random numbers. Default 0. */
  readonly seed?: number;
  /** Dims of random inputs where the model leaves some open: `{ x: [4, 3, 224, 224] }`. Default: what an engine is tuned for, else 1. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Absolute tolerance. Default: by the precision of the candidate, as a share of the tensor's largest magnitude. */
  readonly atol?: number;
  /** Relative tolerance. Default: by the precision of the candidate; 0 where `atol` is given. */
  readonly rtol?: number;
  /** Which defaults are taken. Default: what the candidate, or the manifest of an engine, says. */
  readonly precision?: ValidatedPrecision;
  /** How the candidate becomes a session. */
  readonly session?: SessionOptions;
  /** How the source becomes one. Default: on the CPU. */
  readonly sourceSession?: SessionOptions;
  /** Whether to look for the first tensor that parts, where an output does. Default true. */
  readonly findDivergence?: boolean;
  /** How the report calls the two. Default: their paths. */
  readonly names?: { readonly candidate?: string; readonly source?: string };
  /** Stops between two runs. */
  readonly signal?: AbortSignal;
}

const KNOWN: Readonly<Record<keyof ValidateOptions, true>> = {
  inputs: true,
  runs: true,
  seed: true,
  shapes: true,
  atol: true,
  rtol: true,
  precision: true,
  session: true,
  sourceSession: true,
  findDivergence: true,
  names: true,
  signal: true,
};

/** Names of all options; a misspelled one is refused. */
export const VALIDATE_OPTION_NAMES: readonly string[] = Object.keys(KNOWN);

/** An output of the candidate against the source's. */
export interface OutputDifference extends TensorDifference {
  /** Name of the output. */
  readonly output: string;
}

/** A tensor inside of both models. */
export interface InnerDifference extends TensorDifference {
  /** Name of the tensor. */
  readonly tensor: string;
  /** The node of the source that makes it. */
  readonly node: string;
  /** Its operator. */
  readonly op: string;
}

/** Where the candidate parts from its source. */
export interface Divergence {
  /** The first tensor, in the order of the source's graph, that is outside of the tolerance; null if none is. */
  readonly first: InnerDifference | null;
  /** The last one before it that is inside. */
  readonly lastGood: InnerDifference | null;
  /** Tensors of both models that were looked at. */
  readonly tensors: number;
  /** The run that they were looked at in. */
  readonly run: number;
}

/** A model to validate: what can be evaluated. */
export type ModelToValidate = ModelToEvaluate;

/** What `validate` found, ready for JSON. */
export interface Validation {
  /** Version of this format. */
  readonly schemaVersion: typeof EVALUATION_SCHEMA_VERSION;
  /** Tells it from an evaluation. */
  readonly kind: 'validation';
  /** Path of the candidate, or what it was. */
  readonly candidate: string;
  /** Path of the source, or what it was. */
  readonly source: string;
  /** Where the candidate ran; null if it does not tell. */
  readonly candidateDevice: string | null;
  /** Where the source ran; null if it does not tell. */
  readonly sourceDevice: string | null;
  /** When it ended, ISO 8601. */
  readonly date: string;
  /** How long it took. */
  readonly elapsedMs: number;
  /** Whether all outputs are inside of the tolerance. */
  readonly passed: boolean;
  /** Runs of each of the two. */
  readonly runs: number;
  /** The precision that the default tolerance is for. */
  readonly precision: ValidatedPrecision;
  /** What was allowed. */
  readonly tolerance: Tolerance;
  /** One for each output. */
  readonly outputs: readonly OutputDifference[];
  /** Where the two part, if they do; null where that cannot be told. */
  readonly divergence: Divergence | null;
  /** Why it cannot be told. */
  readonly divergenceNote?: string;
}
