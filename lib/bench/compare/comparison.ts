// SPDX-License-Identifier: Apache-2.0
// What a comparison leaves behind: plain data, as the documents of a measurement are (result.ts).

import type { BenchCase, BenchResult, Interval } from '../result';

/** What `tensorrt-node compare --json` and `bench --against --json` print: measurement B against measurement A. */
export interface Comparison {
  /** Version of this format. */
  readonly schemaVersion: 1;
  /** Tells a comparison from measurements. */
  readonly kind: 'comparison';
  /**
   * `blocks`: two measurements that are there; judged by resampling consecutive pieces of each.
   * `interleaved`: fresh processes of A and B in turn; judged by how much the differences of the rounds differ.
   */
  readonly method: 'blocks' | 'interleaved';
  /** Interleaved: pairs of measurements. */
  readonly rounds?: number;
  /** The reference. */
  readonly a: ComparedSide;
  /** What is judged: `slower` means that B is slower than A. */
  readonly b: ComparedSide;
  /** The metric that decides the verdict of a case: `p50` unless told. */
  readonly primary: string;
  /** Changes smaller than this are no difference, however surely they were measured. */
  readonly thresholdPercent: number;
  /** Confidence of the intervals: 0.95. */
  readonly confidence: number;
  /**
   * `mixed`: some cases are slower and others faster. `not judged`: no case could be judged, or `failures` keep the
   * whole from a verdict.
   */
  readonly verdict: Verdict | 'mixed' | 'not judged';
  /** One for each case that both sides have; a single measurement is one case. */
  readonly cases: readonly ComparedCase[];
  /** Labels of cases that the other side does not have. */
  readonly unmatched: { readonly a: readonly string[]; readonly b: readonly string[] };
  /** Differences for which a comparison is refused; not empty only where it was forced. */
  readonly differences: readonly Difference[];
  /** Differences that are allowed, and that a reader should know: versions, dates. */
  readonly noted: readonly Difference[];
  /**
   * What failed, one sentence each: a side that ended early or measured nothing, a case or a round that is lost. A gate
   * must not pass with it. Absent where nothing did.
   */
  readonly failures?: readonly string[];
  /** The sides with measurements that did not settle; absent where all did. */
  readonly unstable?: { readonly a?: UnstableSide; readonly b?: UnstableSide };
  /** The conditions that were checked, for each case; absent where none were. */
  readonly conditions?: readonly ConditionOutcome[];
  /** Interleaved: the measurement of each round, without its `blocks`, which would be most of the document. */
  readonly measurements?: { readonly a: readonly BenchResult[]; readonly b: readonly BenchResult[] };
  /** What else the reader should know before quoting the numbers. */
  readonly warnings: readonly string[];
}

/** How many measurements of a side did not settle. */
export interface UnstableSide {
  /** Those that did not settle. */
  readonly measurements: number;
  /** Measurements of the side. */
  readonly of: number;
  /** How far the last windows of one of them lie apart, at most; null where there are no two. */
  readonly apartPercent: number | null;
}

/** What was seen. `no difference seen` is no proof that there is none: the interval says how large one could be. */
export type Verdict = 'slower' | 'faster' | 'no difference seen';

/** One side of a comparison. */
export interface ComparedSide {
  /** What to call it: a file, a package, a command. */
  readonly name: string;
  /** Path or name of the model. */
  readonly model: string;
  /** As `BenchResult.modelSha256`. */
  readonly modelSha256: string | null;
  /** What ran the model. */
  readonly backend: string;
  /** Where it ran. */
  readonly device: string;
  /** Version of Node.js. */
  readonly node: string;
  /** Versions of the package and of the runtime that ran the model. */
  readonly versions: Readonly<Record<string, string>>;
  /** ISO 8601; of the first measurement. */
  readonly date: string;
}

/** One case of both sides. */
export interface ComparedCase {
  /** As `BenchResult.label`. */
  readonly label: string;
  /** Where it stands in its suite. */
  readonly case: BenchCase;
  /** Of the primary metric, adjusted for the number of cases. */
  readonly verdict: Verdict | 'not judged';
  /** Whether the measurements of each side settled. */
  readonly stable: { readonly a: boolean; readonly b: boolean };
  /** Why a side tells nothing: it ended early or measured nothing. Absent where both sides are whole. */
  readonly broken?: { readonly a?: string; readonly b?: string };
  /** Measured inferences of each side, all rounds together. */
  readonly inferences: { readonly a: number; readonly b: number };
  /** What was compared. */
  readonly metrics: readonly ComparedMetric[];
}

/** One number of both sides. */
export interface ComparedMetric {
  /** `mean`, `p50`, `p99`, `throughput`, `computeMs.p50`. */
  readonly name: string;
  /** Unit of `a` and `b`. */
  readonly unit: 'ms' | 'inferences/s' | 'J';
  /** Whether more of it is worse: true for times and energy. */
  readonly isLowerBetter: boolean;
  /** Interleaved: the geometric mean of the rounds. */
  readonly a: number;
  /** The same of B. */
  readonly b: number;
  /** (b / a - 1) · 100; null where a is 0. */
  readonly changePercent: number | null;
  /** 95 % confidence interval of the change in percent; null where it was not judged. */
  readonly intervalPercent: Interval | null;
  /** Probability of such a change without a difference, adjusted for the number of metrics (Holm); null where not judged. */
  readonly pValue: number | null;
  /** What the interval and the threshold say of it. */
  readonly verdict: Verdict | 'not judged';
  /** Why it was not judged; absent where it was. */
  readonly reason?: string;
}

/** Something that differs between the sides. */
export interface Difference {
  /** `model`, `settings.batch`, `environment.versions.onnxruntime`. */
  readonly what: string;
  /** What A has. */
  readonly a: string;
  /** What B has. */
  readonly b: string;
  /** Label of the case; absent where all cases have it. */
  readonly case?: string;
}

/** How to compare. */
export interface CompareOptions {
  /** Compare also what cannot be compared; the differences are then part of the result. Default false. */
  readonly force?: boolean;
  /** The metric that decides. Default `p50`. */
  readonly primary?: string;
  /**
   * Other metrics that are asked about, such as those of conditions. Their probabilities are adjusted together with the
   * primary one's; those of all others do not cost them power. Default none.
   */
  readonly asked?: readonly string[];
  /** Changes smaller than this many percent are no difference. Default 1. */
  readonly thresholdPercent?: number;
  /** Parts of the measurement that may differ, because the difference is what is asked: `model`, `device`, `settings.batch`. */
  readonly ignore?: readonly string[];
  /** What to call the sides. Default: `a` and `b`. */
  readonly names?: { readonly a: string; readonly b: string };
  /** Of the resampling. Default 0. */
  readonly seed?: number;
}

/** What a build may be failed for: `p99>+5%`. */
export interface Condition {
  /** As it was written. */
  readonly text: string;
  /** Name of the metric. */
  readonly metric: string;
  /** The condition holds above or below the limit. */
  readonly operator: '>' | '<';
  /** Percent of change, or the absolute value of B in milliseconds (inferences per second for the throughput). */
  readonly limit:
    | { readonly kind: 'change'; readonly percent: number }
    | { readonly kind: 'absolute'; readonly value: number };
}

/** Whether a condition holds for a case. */
export interface ConditionOutcome {
  /** As it was written. */
  readonly text: string;
  /** The condition, as it was read. */
  readonly condition: Condition;
  /** Label of the case. */
  readonly case: string;
  /** Whether it holds: a build that names it fails. */
  readonly holds: boolean;
  /** Whether this could be told: false where it was not judged, or where the interval reaches beyond the limit. */
  readonly isDecided: boolean;
  /** One sentence with the numbers: why it holds or not. */
  readonly reason: string;
}
