// SPDX-License-Identifier: Apache-2.0
import { nodeLabel, UniqueNames } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import type { TensorMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { makeTensor, readFloats } from '../../onnx/graph/tensor-values';
import { scaleGrid } from './channel-grid';
import type { ChannelAnalysis, WeightedReader } from './channel-analysis';
import type { ChannelLayout } from './channel-layout';
import { ChannelSizes, normalizeScales, ownChannels, spread } from './choose-scales';
import type { ChannelMaxima, EqualizedPlace } from './equalize-report';

/** What to put multiplications in front of. */
export interface InsertionRequest {
  readonly analysis: ChannelAnalysis;
  /** Operators that are quantised. */
  readonly readers: readonly WeightedReader[];
  readonly maxima: ChannelMaxima;
  readonly exponent: number;
}

/** For less, the operator does not pay. */
const LEAST_SPREAD = 4;

/**
 * Puts `X * (1 / s)` in front of the quantised readers of tensors that nothing before them can scale, as behind
 * HardSwish, GELU or a normalisation that others read too. One operator per tensor; it is of the same size as the
 * activation function before it, into which TensorRT fuses it.
 *
 * @returns the tensors that got one
 */
export function insertMultiplications(model: OnnxModel, request: InsertionRequest): EqualizedPlace[] {
  const { map } = request.analysis;
  const byTensor = new Map<string, WeightedReader[]>();
  for (const reader of request.readers) {
    const { base, count } = map.of(reader.tensor)!;
    if (!ownChannels({ count }).some((channel) => map.isBlocked(base + channel))) continue;
    byTensor.set(reader.tensor, [...(byTensor.get(reader.tensor) ?? []), reader]);
  }
  const names = new UniqueNames(model.graph);
  return [...byTensor].flatMap(([tensor, readers]) => {
    const scales = scalesOf(model, readers, { ...request, tensor });
    if (!(spread(scales) > LEAST_SPREAD)) return [];
    insertOne(model, readers, { tensor, scales, names, layout: map.of(tensor)!.layout });
    for (const { weight, grid } of readers) {
      const at = weightIndex(model, weight);
      const old = model.graph.initializer[at]!;
      const values = readFloats(old);
      scaleGrid(values, grid.grid, grid.input, scales);
      model.graph.initializer[at] = makeTensor(weight, 'FLOAT', old.dims, values);
    }
    const maxima = request.maxima.get(tensor)!;
    return {
      tensor,
      readers: readers.map(({ node }) => nodeLabel(node)),
      channels: scales.length,
      by: 'multiplication' as const,
      spreadBefore: spread(maxima),
      spreadAfter: spread(maxima.map((value, channel) => value / scales[channel]!)),
    };
  });
}

function scalesOf(
  model: OnnxModel,
  readers: readonly WeightedReader[],
  { tensor, maxima, exponent }: InsertionRequest & { tensor: string },
): Float64Array {
  const values = maxima.get(tensor)!;
  const channels = ownChannels({ count: values.length });
  const sizes = new ChannelSizes(values.length);
  for (const { weight, grid } of readers) {
    sizes.add(values, channels, { weight: weightOf(model, weight), grid });
  }
  return normalizeScales(Array.from(channels, (channel) => sizes.scaleOf(channel, exponent)));
}

interface Insertion {
  readonly tensor: string;
  readonly scales: Float64Array;
  readonly layout: ChannelLayout;
  readonly names: UniqueNames;
}

function insertOne(
  { graph }: OnnxModel,
  readers: readonly WeightedReader[],
  { tensor, scales, layout, names }: Insertion,
): void {
  const output = names.make(`${tensor}_equalized`);
  const factors = names.make(`${tensor}_factors`);
  const dims = [scales.length, ...Array.from({ length: -layout.axes[0]!.axis - 1 }, () => 1)];
  graph.initializer.push(
    makeTensor(
      factors,
      'FLOAT',
      dims,
      Float32Array.from(scales, (scale) => 1 / scale),
    ),
  );
  const node = makeNode({ op: 'Mul', name: output, inputs: [tensor, factors], outputs: [output] });
  const nodes = readers.map((reader) => reader.node);
  for (const reader of nodes) reader.input[0] = output;
  graph.node.splice(Math.min(...nodes.map((reader) => graph.node.indexOf(reader))), 0, node);
}

function weightOf(model: OnnxModel, name: string): TensorMessage {
  return model.graph.initializer[weightIndex(model, name)]!;
}

function weightIndex({ graph }: OnnxModel, name: string): number {
  return graph.initializer.findIndex((tensor) => tensor.name === name);
}
