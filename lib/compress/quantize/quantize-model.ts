// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { allGraphs, nodeLabel, UniqueNames } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import type { NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { GraphMessage, NodeMessage, TensorMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { makeTensor } from '../../onnx/graph/tensor-values';
import { expandConstants } from '../../onnx/passes/expand-constants';
import { requireOpset } from '../../onnx/passes/raise-opset';
import { foldBatchNormalization } from '../../onnx/passes/fold-batch-normalization';
import { refuseQuantized } from '../../onnx/passes/refuse-quantized';
import type { TensorRanges } from '../calibrate/collect-ranges';
import { planQuantization, type FloatNode, type QuantizationPlan } from './plan-quantization';
import { quantizeWeights, scaleOf } from './quantize-weights';
import { shareAmplitudes } from './shared-scales';

/** How to quantise a model. */
export interface QuantizeOptions {
  /** Ranges of the activations that `listCalibrationTensors` names, e.g. from `collectRanges`. */
  readonly calibrate: TensorRanges;
  /** Nodes that stay float. */
  readonly exclude?: NodeExclusion;
}

/** What quantisation did. */
export interface QuantizeReport {
  /** Names of the nodes that compute in INT8 now. */
  readonly quantized: readonly string[];
  /** Nodes with weights that stayed float, each with its reason. */
  readonly kept: readonly FloatNode[];
  /** Scale of each activation that has a Q/DQ pair. */
  readonly scales: Readonly<Record<string, number>>;
  /** Bytes of weights before and after. */
  readonly weightBytes: { readonly before: number; readonly after: number };
}

/** Scales per channel came with this opset. */
const OLDEST_OPSET = 13;

/**
 * Makes a model ready to be quantised and names the tensors whose ranges are needed. The model is changed: constants
 * become initializers, normalisations are folded into convolutions, and its opset is raised to 13 if it is older.
 *
 * @throws {TensorRTError} as `quantizeModel`
 */
export function listCalibrationTensors(model: OnnxModel, exclude?: NodeExclusion): string[] {
  return [...prepare(model, exclude).activations.keys()];
}

/**
 * Changes an FP32 model so that its weighted operators compute in INT8: explicit quantisation by
 * QuantizeLinear/DequantizeLinear, symmetric, activations with one scale per tensor, weights with one per output channel and
 * stored in INT8. The model is changed in place.
 *
 * 1. Each activation has one Q/DQ pair, read by all operators that are quantised; the others read the original.
 * 2. Weights are INT8 initializers behind a DequantizeLinear; biases stay float.
 * 3. Which operators: see `planQuantization`.
 *
 * @throws {TensorRTError} ERR_TRT_ONNX_UNSUPPORTED_OPERATOR for a model that is quantised already or whose opset is
 * older than 13 and cannot be raised; ERR_TRT_BUILD_PRECISION if nothing in it can be quantised; ERR_TRT_ARG_VALUE for a
 * range that is missing
 */
export function quantizeModel(model: OnnxModel, { calibrate, exclude }: QuantizeOptions): QuantizeReport {
  const plan = prepare(model, exclude);
  for (const tensor of plan.activations.keys()) checkRange(tensor, calibrate);
  const names = new UniqueNames(model.graph);
  const weights = insertWeights(model.graph, plan, names);
  const scales = insertActivations(model.graph, plan, {
    names,
    amplitudes: shareAmplitudes(plan, calibrate),
  });
  return {
    quantized: plan.sites.map(({ node }) => nodeLabel(node)),
    kept: plan.kept,
    scales,
    weightBytes: weights,
  };
}

function prepare(model: OnnxModel, exclude: NodeExclusion | undefined): QuantizationPlan {
  refuseQuantized(model.graph);
  requireOpset(model, OLDEST_OPSET, 'INT8 with scales per channel');
  expandConstants(model.graph);
  foldBatchNormalization(model.graph);
  const plan = planQuantization(model.graph, exclude);
  if (plan.sites.length > 0) return plan;
  const reasons = plan.kept.map(({ node, op, reason }) => `"${node}" (${op}): ${reason}`);
  throw new TensorRTError(
    'ERR_TRT_BUILD_PRECISION',
    `Nothing in the model can compute in INT8: ${reasons.slice(0, 3).join('; ') || 'it has no Conv, Gemm or MatMul'}.`,
    {
      hint: 'Leave the model in FP32 or use fp16; small layers gain nothing from INT8.',
      details: { kept: plan.kept },
    },
  );
}

/** Weights by tensor and axis: operators that share them share the DequantizeLinear. */
function insertWeights(
  graph: GraphMessage,
  { sites }: QuantizationPlan,
  names: UniqueNames,
): QuantizeReport['weightBytes'] {
  const done = new Map<string, string>();
  const nodes: NodeMessage[] = [];
  let [before, after] = [0, 0];
  for (const { node, weight, axis } of sites) {
    const key = `${axis ?? 'all'} ${weight.name ?? ''}`;
    let output = done.get(key);
    if (output === undefined) {
      const { values, scales } = quantizeWeights(weight, axis);
      before += 4 * values.length;
      after += values.length + 5 * scales.length;
      const dequantize = weightNode(graph, weight, { values, scales, axis, names });
      nodes.push(dequantize);
      done.set(key, (output = dequantize.output[0]!));
    }
    node.input[1] = output;
  }
  graph.node.unshift(...nodes);
  removeUnread(
    graph,
    sites.map(({ weight }) => weight),
  );
  return { before, after };
}

interface WeightParts {
  readonly values: Int8Array;
  readonly scales: Float32Array;
  readonly axis: number | undefined;
  readonly names: UniqueNames;
}

function weightNode(
  graph: GraphMessage,
  { name = '', dims }: TensorMessage,
  { values, scales, axis, names }: WeightParts,
): NodeMessage {
  const [int8, scale, zero, output] = ['int8', 'scale', 'zero_point', 'dequantized'].map((part) =>
    names.make(`${name}_${part}`),
  ) as [string, string, string, string];
  const scaleDims = axis === undefined ? [] : [scales.length];
  graph.initializer.push(
    makeTensor(int8, 'INT8', dims, values),
    makeTensor(scale, 'FLOAT', scaleDims, scales),
    makeTensor(zero, 'INT8', scaleDims, new Int8Array(scales.length)),
  );
  const ints: Record<string, number> = axis === undefined ? {} : { axis };
  return makeNode({
    op: 'DequantizeLinear',
    name: output,
    inputs: [int8, scale, zero],
    outputs: [output],
    ints,
  });
}

function removeUnread(graph: GraphMessage, weights: readonly TensorMessage[]): void {
  const read = new Set(
    allGraphs(graph).flatMap(({ node, output }) => [
      ...node.flatMap(({ input }) => input),
      ...output.map(({ name }) => name),
    ]),
  );
  const gone = new Set(weights.filter(({ name }) => !read.has(name ?? '')));
  graph.initializer = graph.initializer.filter((tensor) => !gone.has(tensor));
  const goneNames = new Set([...gone].map(({ name }) => name));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !goneNames.has(name));
}

/** A pair after the node that makes the tensor, or in front of all nodes for an input of the graph. */
function insertActivations(
  graph: GraphMessage,
  { activations, links }: QuantizationPlan,
  { names, amplitudes }: { names: UniqueNames; amplitudes: ReadonlyMap<string, number> },
): Record<string, number> {
  const scales: Record<string, number> = {};
  const after = new Map<NodeMessage | undefined, NodeMessage[]>();
  for (const [tensor, readers] of activations) {
    scales[tensor] = scaleOf(amplitudes.get(tensor)!);
    const pair = activationNodes(graph, tensor, { names, scale: scales[tensor] });
    const producer = links.producers.get(tensor);
    after.set(producer, [...(after.get(producer) ?? []), ...pair]);
    for (const { node, index } of readers) node.input[index] = pair[1]!.output[0]!;
  }
  graph.node = [
    ...(after.get(undefined) ?? []),
    ...graph.node.flatMap((node) => [node, ...(after.get(node) ?? [])]),
  ];
  return scales;
}

function activationNodes(
  graph: GraphMessage,
  tensor: string,
  { names, scale }: { names: UniqueNames; scale: number },
): NodeMessage[] {
  const [scaleName, zero, quantized, output] = ['scale', 'zero_point', 'quantized', 'dequantized'].map(
    (part) => names.make(`${tensor}_${part}`),
  ) as [string, string, string, string];
  graph.initializer.push(
    makeTensor(scaleName, 'FLOAT', [], Float32Array.of(scale)),
    // Without it the type would be UINT8.
    makeTensor(zero, 'INT8', [], new Int8Array(1)),
  );
  const rest = [scaleName, zero];
  return [
    makeNode({ op: 'QuantizeLinear', name: quantized, inputs: [tensor, ...rest], outputs: [quantized] }),
    makeNode({ op: 'DequantizeLinear', name: output, inputs: [quantized, ...rest], outputs: [output] }),
  ];
}

function checkRange(tensor: string, ranges: TensorRanges): void {
  const amplitude = Object.hasOwn(ranges, tensor) ? ranges[tensor]!.amplitude : undefined;
  if (amplitude !== undefined && amplitude >= 0 && Number.isFinite(amplitude)) return;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `Tensor "${tensor}" needs a calibrated range; it has ${amplitude === undefined ? 'none' : String(amplitude)}.`,
    { hint: 'Collect the ranges of all tensors that listCalibrationTensors() names.', details: { tensor } },
  );
}
