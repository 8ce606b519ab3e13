// SPDX-License-Identifier: Apache-2.0
import { allGraphs, nodeLabel, type UniqueNames } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import { contentBytes, makeTensor, readFloats } from '../../onnx/graph/tensor-values';
import type { QuantizedType } from '../quantize-options';
import { packInt4 } from './int4';
import { weightSqnrDb, type QuantizedWeights } from './quantize-weights';
import { quantizeOnce } from './quantized-once';
import { product, scaleDims } from './scale-layout';
import type { WeightSite } from './weight-sites';

/** An operator that computes on quantised values now. */
export interface QuantizedNode {
  /** Name of the node. */
  readonly node: string;
  /** Its operator. */
  readonly op: string;
  /** `'weights'`, or both of what it multiplies. */
  readonly what: 'weights' | 'weights and activations' | 'activations';
  /** The type that its values are quantised to. */
  readonly type: QuantizedType;
  /** Axis that its weights have scales along; absent for a single scale. */
  readonly axis?: number;
  /** Values along that axis that share a scale; absent for one scale for each position. */
  readonly blockSize?: number;
  /** Signal to quantisation noise of its weights in dB; infinite for exact ones; absent where it has none. */
  readonly weightSqnrDb?: number;
}

/** What happened to the weights. */
export interface WeightReport {
  readonly nodes: readonly QuantizedNode[];
  readonly bytes: { readonly before: number; readonly after: number };
}

/** How weights are rounded. */
export interface WeightRoundingOptions {
  readonly rounding?: 'nearest' | 'mse';
  readonly minimumScale?: number;
  /** Weights that were rounded before, by name; the others are rounded here. */
  readonly rounded?: ReadonlyMap<string, QuantizedWeights>;
}

/** ONNX's names of the types. */
export const ONNX_TYPE = { int8: 'INT8', fp8: 'FLOAT8E4M3FN', int4: 'INT4' } as const;

/**
 * Puts quantised initializers with a DequantizeLinear in place of the weights of sites. Operators that share weights and
 * scales share the DequantizeLinear; float weights that nobody reads any more go.
 */
export function insertWeights(
  graph: GraphMessage,
  sites: readonly WeightSite[],
  { names, ...options }: WeightRoundingOptions & { names: UniqueNames },
): WeightReport {
  const done = new Map<string, InsertedWeight>();
  const nodes = sites.map((site): QuantizedNode => {
    const { node, weight, type, layout, weightIndex, activationIndex } = site;
    const key = JSON.stringify([weight.name, type, layout]);
    let inserted = done.get(key);
    if (inserted === undefined) done.set(key, (inserted = insertOne(graph, site, { names, ...options })));
    node.input[weightIndex] = inserted.dequantize.output[0]!;
    return {
      node: nodeLabel(node),
      op: node.opType,
      what: activationIndex === undefined ? 'weights' : 'weights and activations',
      type,
      ...layout,
      weightSqnrDb: inserted.sqnrDb,
    };
  });
  const all = [...done.values()];
  graph.node.unshift(...all.map(({ dequantize }) => dequantize));
  const weights = [...new Set(sites.map(({ weight }) => weight))];
  removeUnread(graph, weights);
  const before = weights.reduce((sum, weight) => sum + contentBytes(weight), 0);
  return { nodes, bytes: { before, after: all.reduce((sum, { bytes }) => sum + bytes, 0) } };
}

interface InsertedWeight {
  readonly dequantize: NodeMessage;
  readonly bytes: number;
  readonly sqnrDb: number;
}

function insertOne(
  graph: GraphMessage,
  { weight, type, layout }: WeightSite,
  { names, rounded, rounding, minimumScale }: WeightRoundingOptions & { names: UniqueNames },
): InsertedWeight {
  const { name = '', dims } = weight;
  const given = rounded?.get(name);
  // A table of embeddings and a product may share weights, but not scales.
  const isGiven = given?.scales.length === product(scaleDims(dims, layout));
  const { quantized, sqnrDb } = isGiven
    ? { quantized: given, sqnrDb: weightSqnrDb(readFloats(weight), given, { dims, layout, type }) }
    : quantizeOnce(weight, { type, layout, rounding, minimumScale });
  const tensors = weightTensors(weight, quantized, { type, layout, names });
  graph.initializer.push(...tensors);
  const output = names.make(`${name}_dequantized`);
  const { axis, blockSize } = layout;
  const dequantize = makeNode({
    op: 'DequantizeLinear',
    name: output,
    inputs: tensors.map((tensor) => tensor.name!),
    outputs: [output],
    ints: {
      ...(axis !== undefined && { axis }),
      ...(blockSize !== undefined && { block_size: blockSize }),
    },
  });
  const bytes = tensors.reduce((sum, tensor) => sum + contentBytes(tensor), 0);
  return { dequantize, bytes, sqnrDb };
}

function weightTensors(
  { name = '', dims }: TensorMessage,
  { values, scales }: QuantizedWeights,
  { type, layout, names }: Pick<WeightSite, 'type' | 'layout'> & { names: UniqueNames },
): TensorMessage[] {
  const ofScales = scaleDims(dims, layout);
  const data = type === 'int4' ? packInt4(values) : values;
  const tensors = [
    makeTensor(names.make(`${name}_${type}`), ONNX_TYPE[type], dims, data),
    makeTensor(names.make(`${name}_scale`), 'FLOAT', ofScales, scales),
  ];
  // The type is that of the values; zero points may be left out, and for blocks there would be many.
  if (layout.blockSize !== undefined) return tensors;
  const zeros = new Int8Array(scales.length);
  return [...tensors, makeTensor(names.make(`${name}_zero_point`), ONNX_TYPE[type], ofScales, zeros)];
}

function removeUnread(graph: GraphMessage, weights: readonly TensorMessage[]): void {
  const read = new Set<string>();
  for (const { node, output } of allGraphs(graph)) {
    for (const { input } of node) for (const name of input) read.add(name);
    for (const { name } of output) read.add(name);
  }
  const gone = new Set(weights.filter(({ name }) => !read.has(name ?? '')));
  graph.initializer = graph.initializer.filter((tensor) => !gone.has(tensor));
  const goneNames = new Set([...gone].map(({ name }) => name));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !goneNames.has(name));
}
