// SPDX-License-Identifier: Apache-2.0
// What was written is read again and held against the report.

import { TensorRTError } from '../../errors';
import { checkOnnxModel } from '../../onnx/check/check-onnx-model';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { readFloats } from '../../onnx/graph/tensor-values';
import { readMatrix, weightOf } from '../layers/layer-matrix';
import type { WeightLayer } from '../layers/weight-layer';
import type { PrunedLayer } from './prune-report';
import { holdsTwoOfFour, type PrunePattern } from './support-pattern';

/**
 * Checks a pruned model:
 *
 * 1. it is valid, and its inputs and outputs are those of the source;
 * 2. each layer has as many zeros as the report says, and its weights are finite;
 * 3. a 2:4 pattern holds in each.
 *
 * @throws {TensorRTError} ERR_TRT_COMPRESS_CHECK with all that is broken in `details.problems`
 */
export function checkPruned(
  model: OnnxModel,
  source: OnnxModel,
  {
    layers,
    changed,
    pattern,
  }: { layers: readonly WeightLayer[]; changed: readonly PrunedLayer[]; pattern: PrunePattern },
): void {
  const problems = checkOnnxModel(model)
    .filter(({ severity }) => severity === 'error')
    .map(({ message }) => message);
  for (const side of ['input', 'output'] as const) {
    const [now, before] = [model, source].map(({ graph }) => borderNames(graph, side));
    if (now !== before) problems.push(`its ${side}s are ${now!}, those of the source ${before!}`);
  }
  for (const [index, layer] of layers.entries())
    problems.push(...layerProblems(model, layer, { said: changed[index]!, pattern }));
  if (problems.length === 0) return;
  throw new TensorRTError(
    'ERR_TRT_COMPRESS_CHECK',
    `The pruned model does not hold: ${problems.slice(0, 3).join('; ')}.`,
    {
      details: { problems },
    },
  );
}

function layerProblems(
  model: OnnxModel,
  layer: WeightLayer,
  { said, pattern }: { said: PrunedLayer; pattern: PrunePattern },
): string[] {
  const weight = weightOf(model.graph, layer);
  const values = readFloats(weight);
  const zeros = values.reduce((count, value) => count + (value === 0 ? 1 : 0), 0);
  const problems: string[] = [];
  if (zeros !== said.zeros)
    problems.push(`layer "${layer.label}" has ${zeros} zeros, its report says ${said.zeros}`);
  if (!values.every(Number.isFinite)) problems.push(`layer "${layer.label}" has weights that are not finite`);
  if (pattern === '2:4')
    for (let group = 0; group < layer.view.groups; group++)
      if (!holdsTwoOfFour(readMatrix(weight, layer.view, group), layer.view))
        problems.push(`layer "${layer.label}" breaks the pattern 2:4`);
  return problems;
}

/** Without inputs that have a default value: old models list all weights. */
function borderNames(graph: OnnxModel['graph'], side: 'input' | 'output'): string {
  const defaults = new Set(graph.initializer.map(({ name }) => name));
  return graph[side].flatMap(({ name }) => (side === 'input' && defaults.has(name) ? [] : [name])).join(', ');
}
