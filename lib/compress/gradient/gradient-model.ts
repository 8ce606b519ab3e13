// SPDX-License-Identifier: Apache-2.0
import type { NodeMessage, TensorMessage, ValueMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { inferShapes } from '../../onnx/infer/infer-shapes';
import { raiseOpset } from '../../onnx/passes/raise-opset';
import { removeDeadNodes } from '../../onnx/passes/remove-dead-nodes';
import { TensorRTError } from '../../errors';
import { takeBatchStatistics, type BatchStatistics } from './batch-statistics';
import { differentiate } from './differentiate';
import { GraphWriter, WRITTEN_OPSET } from './graph-writer';
import type { GraphFacts } from './node-gradient';

/** A loss in a graph. */
export interface WrittenLoss {
  /** A scalar: what gradients are of. */
  readonly loss: string;
  /** What the loss takes beside the model's own values. */
  readonly inputs: readonly ValueMessage[];
  /** What is handed out beside it, by the name it shall have. */
  readonly parts: Readonly<Record<string, string>>;
  /** Values that the loss takes as parameters, to be trained too. */
  readonly parameters: readonly string[];
}

/** What a model with gradients shall have. */
export interface GradientRequest {
  /** Initializers that become inputs and are trained. */
  readonly parameters: readonly string[];
  /** Initializers that become inputs and are not. */
  readonly states?: readonly string[];
  /** Normalisations take the statistics of their batch. Default false: those they have. */
  readonly batchStatistics?: boolean;
  /** Normalisations that keep theirs in spite of it. */
  readonly isFrozen?: (node: NodeMessage) => boolean;
  /** Writes the loss. Shapes are those before it. */
  readonly writeLoss: (write: GraphWriter, facts: GraphFacts) => WrittenLoss;
  /** Further inputs whose gradients are asked for. */
  readonly inputs?: readonly string[];
  /** False leaves gradients out: a model that measures. */
  readonly gradients?: boolean;
}

/** A model that computes a loss and its gradients. */
export interface GradientModel {
  readonly model: OnnxModel;
  /** Output that holds the gradient of each parameter; those that the loss does not depend on are not in it. */
  readonly gradients: ReadonlyMap<string, string>;
  /** Output of each part of the loss, and `loss` itself, by its name. */
  readonly parts: ReadonlyMap<string, string>;
  readonly statistics: readonly BatchStatistics[];
}

/**
 * Makes a model of a loss and its gradients from a model of a network. Its inputs are those of the network, its
 * parameters and what the loss takes; its outputs are the loss and the gradients. The source is not changed.
 *
 * @throws {TensorRTError} ERR_TRT_COMPRESS_UNSUPPORTED for operators that have no gradient, and for models that cannot be
 * raised to opset 18
 */
export function makeGradientModel(source: OnnxModel, request: GradientRequest): GradientModel {
  const model = source.clone();
  raise(model);
  const { graph } = model;
  const states = new Set([...request.parameters, ...(request.states ?? [])]);
  exposeParameters(model, states);
  const write = new GraphWriter(graph);
  const shapesBefore = inferShapes(model);
  const forward =
    request.batchStatistics === true
      ? takeBatchStatistics(write, (name) => shapesBefore.typeOf(name)?.dims, request.isFrozen)
      : { tape: [...graph.node], kept: new Map<NodeMessage, never>(), statistics: [] };
  const lossStart = graph.node.length;
  const written = request.writeLoss(write, factsOf(model));
  graph.input.push(...written.inputs);
  const tape = [...forward.tape, ...graph.node.slice(lossStart)];
  const wanted = [...request.parameters, ...(request.inputs ?? []), ...written.parameters];
  const gradients =
    request.gradients === false
      ? new Map<string, string>()
      : differentiate({
          write,
          tape,
          facts: factsOf(model),
          loss: written.loss,
          wanted,
          kept: forward.kept,
        });
  const outputs = new OutputList(write);
  const made = {
    parts: mapValues(Object.entries({ loss: written.loss, ...written.parts }), outputs),
    gradients: mapValues([...gradients], outputs),
    statistics: forward.statistics.map((one) => ({
      ...one,
      batchMean: outputs.add(one.batchMean),
      batchVariance: outputs.add(one.batchVariance),
    })),
  };
  graph.output = outputs.values;
  graph.valueInfo = [];
  removeDeadNodes(graph);
  return { model, ...made };
}

function raise(model: OnnxModel): void {
  const obstacle = raiseOpset(model, WRITTEN_OPSET);
  if (obstacle === undefined) return;
  throw new TensorRTError(
    'ERR_TRT_COMPRESS_UNSUPPORTED',
    `The model cannot be trained: node "${obstacle.node}" (${obstacle.operator}) keeps it from opset ${WRITTEN_OPSET}: ${obstacle.reason}.`,
    { hint: 'Export the model with a newer opset.', details: { ...obstacle } },
  );
}

function exposeParameters(model: OnnxModel, names: ReadonlySet<string>): void {
  const { graph } = model;
  const present = new Set(graph.input.map(({ name }) => name));
  for (const { name = '', dims, dataType } of graph.initializer) {
    if (!names.has(name) || present.has(name)) continue;
    graph.input.push({
      name,
      type: { tensorType: { elemType: dataType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
    });
  }
  graph.initializer = graph.initializer.filter(({ name = '' }) => !names.has(name));
}

function factsOf(model: OnnxModel): GraphFacts {
  const types = inferShapes(model);
  const inputs = new Set(model.graph.input.map(({ name }) => name));
  const constants = new Map<string, TensorMessage>();
  for (const tensor of model.graph.initializer)
    if (!inputs.has(tensor.name ?? '')) constants.set(tensor.name ?? '', tensor);
  return {
    dimsOf: (name) => types.typeOf(name)?.dims,
    typeOf: (name) => types.typeOf(name)?.elemType,
    constantOf: (name) => constants.get(name),
  };
}

/** A value may be wanted as two outputs; an output has one name. */
class OutputList {
  readonly values: ValueMessage[] = [];
  private readonly taken = new Set<string>();

  constructor(private readonly write: GraphWriter) {}

  add(name: string): string {
    const isInput = this.write.graph.input.some((input) => input.name === name);
    const isConstant = this.write.graph.initializer.some((tensor) => tensor.name === name);
    const output = this.taken.has(name) || isInput || isConstant ? this.write.node('Identity', [name]) : name;
    this.taken.add(output);
    this.values.push({ name: output, type: { tensorType: { elemType: 1 } } });
    return output;
  }
}

function mapValues(
  entries: readonly (readonly [string, string])[],
  outputs: OutputList,
): Map<string, string> {
  return new Map(entries.map(([name, value]) => [name, outputs.add(value)]));
}
