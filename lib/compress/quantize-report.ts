// SPDX-License-Identifier: Apache-2.0
import type { OutputScore } from './output-judge';
import type { QuantizationDecisions } from './quantization-decisions';
import type { QuantizedType, WeightRounding } from './quantize-options';
import type { QuantizeReport } from './quantize/quantize-model';

/** Something that was tried, and how near the outputs came to the source's: SQNR in dB. */
export interface Trial {
  /** What was tried, in words. */
  readonly choice: string;
  /** SQNR of the outputs in dB. */
  readonly sqnrDb: number;
}

/** A layer that stayed in higher precision so that the bound holds. */
export interface BoundLayer {
  /** Name of its node. */
  readonly node: string;
  /** Why it stayed. */
  readonly reason: string;
}

/** A bound that was kept. */
export interface KeptBound {
  /** Its parts, but for the caller's own score. */
  readonly asked: Readonly<Partial<Record<'maxDrop' | 'minCosine' | 'minSqnrDb', number>>>;
  /** What was reached on all of the data: `drop` is of the caller's score where there is one, and `score` and `baseline` are it. */
  readonly reached: {
    readonly drop: number;
    readonly cosine: number;
    readonly sqnrDb: number;
    readonly answers: number;
    readonly score?: number;
    readonly baseline?: number;
  };
}

/** What `quantize` did, and what it measured. */
export interface QuantizationReport extends QuantizeReport {
  /** The type that values are quantised to. */
  readonly type: QuantizedType;
  /** True if activations stay in floating point. */
  readonly weightOnly: boolean;
  /** What the nodes compute in that were not quantised. */
  readonly rest: 'fp32' | 'fp16' | 'bf16';
  /** All that is needed to quantise the model in the same way again. */
  readonly decisions: QuantizationDecisions;
  /** Runs of data that ranges come from, and runs that choices were measured on; `shared` if they are the same ones. */
  readonly dataRuns: { readonly fit: number; readonly judge: number; readonly shared: boolean };
  /** Strengths of equalisation that were tried. */
  readonly equalization: readonly Trial[];
  /** Ways to choose ranges that were tried. */
  readonly methods: readonly Trial[];
  /** With and without layers that are too small for INT8 to be faster; empty where there are none. */
  readonly smallLayers: readonly Trial[];
  /** Corrections of weights and biases that were tried, with the score before them first. */
  readonly corrections: readonly Trial[];
  /** How weights were rounded in the end. */
  readonly rounding: WeightRounding;
  /** The bound, and what was reached; absent without one. */
  readonly bound?: KeptBound;
  /** Layers that stayed in higher precision to keep the bound. */
  readonly keptForBound: readonly BoundLayer[];
  /** How near the outputs are to the source's; absent without data. */
  readonly score?: OutputScore;
  /** What the reader should know. */
  readonly warnings: readonly string[];
}
