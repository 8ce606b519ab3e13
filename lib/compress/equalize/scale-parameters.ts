// SPDX-License-Identifier: Apache-2.0
import type { GraphMessage } from '../../onnx/graph/onnx-messages';
import { makeTensor, readFloats } from '../../onnx/graph/tensor-values';
import { scaleGrid } from './channel-grid';
import type { ChannelAnalysis, ParameterScaling } from './channel-analysis';

/**
 * Divides the parameters that make tensors and multiplies those that read them. Parameters are replaced by new ones of
 * the same names; those whose scales are all 1 stay.
 *
 * @param scales - Of every channel of the analysis.
 */
export function scaleParameters(graph: GraphMessage, analysis: ChannelAnalysis, scales: Float64Array): void {
  const byParameter = new Map<string, { scaling: ParameterScaling; factors: Float64Array }[]>();
  for (const scaling of analysis.scalings) {
    const block = analysis.map.of(scaling.tensor)!;
    const own = scales.subarray(block.base, block.base + block.count);
    if (own.every((scale) => scale === 1)) continue;
    const factors = scaling.power === 1 ? own : own.map((scale) => 1 / scale);
    const list = byParameter.get(scaling.parameter) ?? [];
    byParameter.set(scaling.parameter, [...list, { scaling, factors }]);
  }
  for (let i = 0; i < graph.initializer.length; i++) {
    const tensor = graph.initializer[i]!;
    const changes = byParameter.get(tensor.name ?? '');
    if (changes === undefined) continue;
    const values = readFloats(tensor);
    for (const { scaling, factors } of changes) scaleGrid(values, scaling.grid, scaling.index, factors);
    graph.initializer[i] = makeTensor(tensor.name!, 'FLOAT', tensor.dims, values);
  }
}
