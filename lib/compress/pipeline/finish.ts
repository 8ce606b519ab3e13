// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { OutputScore } from '../output-judge';
import type { QuantizationDecisions } from '../quantization-decisions';
import type { QuantizeOptions, WeightRounding } from '../quantize-options';
import type { BoundLayer, KeptBound, QuantizationReport, Trial } from '../quantize-report';
import { checkQuantized } from '../quantize/self-check';
import { castRest, type Candidate } from './quantization-work';

/** What the steps before found out. */
export interface Findings {
  readonly decisions: QuantizationDecisions;
  readonly dataRuns: QuantizationReport['dataRuns'];
  readonly equalization?: readonly Trial[];
  readonly methods?: readonly Trial[];
  readonly smallLayers?: readonly Trial[];
  readonly corrections?: readonly Trial[];
  readonly rounding?: WeightRounding;
  readonly bound?: KeptBound | undefined;
  readonly keptForBound?: readonly BoundLayer[];
  readonly warnings?: readonly string[];
  /** Measures the finished model. */
  readonly score?: (model: OnnxModel) => Promise<OutputScore>;
}

/** Below it a network's answers usually change. */
const LEAST_DB = 20;

/** Casts the rest, checks what was written and measures it. */
export async function finish<Feeds>(
  { model, report }: Candidate,
  { source, options }: { source: OnnxModel; options: QuantizeOptions<Feeds> },
  findings: Findings,
): Promise<{ model: OnnxModel; report: QuantizationReport }> {
  const { type = 'int8', rest = 'fp32' } = options;
  // Few runtimes compute in BFLOAT16: measured is what is cast to it.
  const before = rest === 'bf16' ? await findings.score?.(model) : undefined;
  castRest(model, options, findings.decisions.largest);
  checkQuantized(model, source);
  const score = before ?? (await findings.score?.(model));
  if (score?.notNumbers === true) throw notANumber();
  const { decisions, dataRuns, warnings = [], rounding = 'nearest' } = findings;
  return {
    model,
    report: {
      ...report,
      type,
      weightOnly: options.weightOnly ?? type === 'int4',
      rest,
      decisions,
      dataRuns,
      equalization: findings.equalization ?? [],
      methods: findings.methods ?? [],
      smallLayers: findings.smallLayers ?? [],
      corrections: findings.corrections ?? [],
      rounding,
      ...(findings.bound === undefined ? {} : { bound: findings.bound }),
      keptForBound: findings.keptForBound ?? [],
      ...(score === undefined ? {} : { score }),
      warnings: [...warnings, ...warningsOf(score, dataRuns)],
    },
  };
}

function warningsOf(score: OutputScore | undefined, { shared }: QuantizationReport['dataRuns']): string[] {
  const warnings: string[] = [];
  if (score !== undefined && score.sqnrDb < LEAST_DB) {
    warnings.push(
      `The outputs are ${score.sqnrDb.toFixed(1)} dB from the source's; below ${LEAST_DB} dB answers change. Give a bound, or look at the layers with \`tensorrt-node evaluate --layers\`.`,
    );
  }
  if (score !== undefined && shared)
    warnings.push(
      'There are fewer than eight runs of data: choices were measured on the same runs as ranges.',
    );
  return warnings;
}

function notANumber(): TensorRTError {
  return new TensorRTError(
    'ERR_TRT_QUANT_CHECK',
    'Outputs of the quantised model are NaN where the source has numbers.',
  );
}
