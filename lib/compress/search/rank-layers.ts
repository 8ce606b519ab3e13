// SPDX-License-Identifier: Apache-2.0
// Which layers every compression should leave alone: those whose rounding to few values changes the outputs most.

import type { GraphMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { readFloats } from '../../onnx/graph/tensor-values';
import { weightOf, writeWeights } from '../layers/layer-matrix';
import { findLayers, type WeightLayer } from '../layers/weight-layer';
import { scanSensitivity, type OutputScorer } from '../mixed/scan-sensitivity';

/** Steps between the largest weight and its negative: a disturbance of the size that strong compression has. */
const STEPS = 15;

/** What a ranking takes besides the model. */
export interface RankLayersOptions {
  readonly judge: OutputScorer;
  /** Whether the time is over; asked between two measurements. Default: never. */
  readonly isLate?: () => boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: string) => void;
}

/** A ranking that the time did not allow. */
class TimeIsOver extends Error {}

/**
 * Names of the layers of a model, the most sensitive first: each layer by itself is rounded to 16 even values and the
 * outputs are compared. Undefined where the time was over before all were.
 */
export async function rankLayers(
  model: OnnxModel,
  { judge, isLate = () => false, ...options }: RankLayersOptions,
): Promise<string[] | undefined> {
  const { layers } = findLayers(model.graph);
  try {
    const ranked = await scanSensitivity({
      ...options,
      judge,
      layers: layers.map(({ label, op }) => ({ node: label, op })),
      quantizeOnly: (nodes) => {
        if (isLate()) throw new TimeIsOver();
        const copy = model.clone();
        for (const layer of layers) if (nodes.has(layer.label)) roundWeights(copy.graph, layer);
        return copy;
      },
    });
    return ranked.map(({ node }) => node);
  } catch (error) {
    if (error instanceof TimeIsOver) return undefined;
    throw error;
  }
}

function roundWeights(graph: GraphMessage, layer: WeightLayer): void {
  const values = readFloats(weightOf(graph, layer));
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const step = (2 * largest) / STEPS;
  if (step === 0) return;
  writeWeights(
    graph,
    layer,
    values.map((value) => Math.round(value / step) * step),
  );
}
