// SPDX-License-Identifier: Apache-2.0
import { OnnxModel, type ModelSource } from '../graph/onnx-model';
import type { ModelInfo, OnnxValueInfo, TypeShare } from '../model-info';
import { readModelInfo } from '../read-model-info';

/** A model in numbers. Plain data. */
export interface ModelSummary {
  /** Version of ONNX's file format. */
  readonly irVersion: number;
  /** Opset version by domain; `''` is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Inputs that the caller has to give. */
  readonly inputs: readonly OnnxValueInfo[];
  /** What the model gives. */
  readonly outputs: readonly OnnxValueInfo[];
  /** Sizes of inputs that the model leaves open: symbols, and `name[axis]` for those without one. */
  readonly dynamicDims: readonly string[];
  /** All nodes, those in bodies and functions too. */
  readonly nodes: number;
  /** How often each operator occurs, the most frequent first; `domain.Operator` for those that are not ONNX's own. */
  readonly operators: Readonly<Record<string, number>>;
  /** Elements of all weights. */
  readonly parameters: number;
  /** Bytes of all weights, external ones included. */
  readonly weightBytes: number;
  /** Weights by ONNX's name of their type, the most bytes first. */
  readonly weights: Readonly<Record<string, TypeShare>>;
  /** Nodes that do the arithmetic (convolutions, matrix products, …) by the type that they compute in. */
  readonly arithmetic: Readonly<Record<string, number>>;
  /** Those of them that read dequantised values, by the quantised type. */
  readonly quantizedArithmetic: Readonly<Record<string, number>>;
}

/**
 * Summarises a model: operators, parameters, bytes by type, what it computes in. No weights are read.
 *
 * @param source - Path of an .onnx file, its bytes, or a loaded model as it is now.
 * @throws {TensorRTError} what `readModelInfo` throws
 * @example
 * const { parameters, operators } = await summarizeModel('model.onnx');
 */
export async function summarizeModel(source: ModelSource | OnnxModel): Promise<ModelSummary> {
  const info = await readModelInfo(source instanceof OnnxModel ? source.toOutline() : source);
  return {
    irVersion: info.irVersion,
    opsets: info.opsets,
    inputs: info.inputs,
    outputs: info.outputs,
    dynamicDims: dynamicDims(info),
    nodes: info.nodes.count,
    operators: countOperators(info),
    parameters: info.parameterCount,
    weightBytes: info.weightBytes,
    weights: sorted(info.typeCensus.weights, ({ bytes }) => bytes),
    arithmetic: sorted(info.typeCensus.compute, (count) => count),
    quantizedArithmetic: sorted(info.typeCensus.quantizedCompute, (count) => count),
  };
}

function dynamicDims({ symbols, inputs }: ModelInfo): string[] {
  const unnamed = inputs.flatMap(({ name, dims }) =>
    dims.flatMap((dim, axis) => (dim === -1 ? [`${name}[${axis}]`] : [])),
  );
  return [...symbols, ...unnamed];
}

function countOperators({ nodes }: ModelInfo): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [domain, types] of Object.entries(nodes.operators)) {
    for (const [type, count] of Object.entries(types))
      counts[domain === '' ? type : `${domain}.${type}`] = count;
  }
  return sorted(counts, (count) => count);
}

/** Largest first. */
function sorted<T>(values: Readonly<Record<string, T>>, sizeOf: (value: T) => number): Record<string, T> {
  return Object.fromEntries(Object.entries(values).sort(([, a], [, b]) => sizeOf(b) - sizeOf(a)));
}
