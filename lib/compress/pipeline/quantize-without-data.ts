// SPDX-License-Identifier: Apache-2.0
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { equalizeModel } from '../equalize/equalize-model';
import type { QuantizationDecisions } from '../quantization-decisions';
import type { QuantizeOptions } from '../quantize-options';
import type { QuantizationReport } from '../quantize-report';
import { quantizedNodes } from './choose-equalization';
import { finish } from './finish';
import { makeCandidate } from './quantization-work';

const NOTHING: QuantizationDecisions = {
  exponent: null,
  multiplications: false,
  smallLayers: false,
  channelMaxima: {},
  ranges: {},
  method: 'given',
  keptForBound: [],
};

/** Quantises by what is known: weights alone, ranges that were given, or the decisions of an earlier quantisation. */
export async function quantizeWithoutData<Feeds>(
  prepared: OnnxModel,
  source: OnnxModel,
  options: QuantizeOptions<Feeds>,
): Promise<{ model: OnnxModel; report: QuantizationReport }> {
  const decisions = options.decisions ?? { ...NOTHING, ranges: options.ranges ?? {} };
  const { exponent, channelMaxima, ranges, keptForBound } = decisions;
  if (exponent !== null) {
    const maxima = new Map(
      Object.entries(channelMaxima).map(([name, values]) => [name, Float32Array.from(values)]),
    );
    equalizeModel(prepared, maxima, {
      exponent,
      explicit: decisions.multiplications,
      ...quantizedNodes(prepared, options),
    });
  }
  const smallLayers = decisions.smallLayers ? 'quantize' : (options.smallLayers ?? 'float');
  const candidate = makeCandidate(prepared, { ...options, smallLayers }, { ranges, keep: keptForBound });
  return finish(
    candidate,
    { source, options },
    {
      decisions,
      dataRuns: { fit: 0, judge: 0, shared: false },
      rounding: options.rounding === 'mse' ? 'mse' : 'nearest',
    },
  );
}
