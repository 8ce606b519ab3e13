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
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: string) => void;
}

/**
 * Names of the layers of a model, the most sensitive first: each layer by itself is rounded to 16 even values and the
 * outputs are compared.
 */
export async function rankLayers(model: OnnxModel, options: RankLayersOptions): Promise<string[]> {
  const { layers } = findLayers(model.graph);
  const ranked = await scanSensitivity({
    ...options,
    layers: layers.map(({ label, op }) => ({ node: label, op })),
    quantizeOnly: (nodes) => {
      const copy = model.clone();
      for (const layer of layers) if (nodes.has(layer.label)) roundWeights(copy.graph, layer);
      return copy;
    },
  });
  return ranked.map(({ node }) => node);
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
