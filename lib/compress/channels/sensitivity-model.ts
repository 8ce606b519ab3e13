// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../../errors';
import { UniqueNames } from '../../onnx/graph/graph-walk';
import { makeNode } from '../../onnx/graph/make-node';
import { sortNodes } from '../../onnx/graph/sort-nodes';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { makeGradientModel } from '../gradient/gradient-model';
import { GraphWriter } from '../gradient/graph-writer';
import { scoresOf, writeLoss } from '../train/losses';
import type { TrainingTensor } from '../train/trainer';
import { prepareToTrain } from '../train/training-plan';
import type { ChannelGroup, ChannelReader } from './rank-units';

/** A model that computes a loss, and gradient times value for everything that reads channels. */
export interface SensitivityModel {
  readonly model: OnnxModel;
  /** Output that holds the loss. */
  readonly loss: string;
  /** Output for each reader of each group, in this order: `[rows, channels]`, or `[channels]` along a first axis. */
  readonly gates: readonly string[];
}

const FLOAT = 1;

/**
 * Puts a gate (an Identity) on each edge along which a channel is read, and writes what the loss changes to first order
 * when the gate closes: gradient times value, summed over all axes but the first one and that of the channels.
 *
 * @throws {TensorRTError} ERR_TRT_COMPRESS_UNSUPPORTED for operators without a gradient behind a gate
 */
export function makeSensitivityModel(
  source: OnnxModel,
  groups: readonly ChannelGroup[],
  { loss, output }: { readonly loss: 'cross-entropy' | 'mse'; readonly output: string | undefined },
): SensitivityModel {
  const gated = source.clone();
  const readers = groups.flatMap((group) => group.readers);
  const gates = addGates(gated, readers);
  const prepared = prepareToTrain(gated);
  const plan =
    loss === 'mse'
      ? { output: output ?? prepared.graph.output[0]!.name, squared: 1 }
      : { output: scoresOf(prepared, output), hard: 1 };
  const made = makeGradientModel(prepared, {
    parameters: [],
    inputs: [...new Set(gates)],
    writeLoss: writeLoss(plan),
  });
  const { graph } = made.model;
  const write = new GraphWriter(graph);
  const outputs = readers.map(({ axis, rank }, index) => {
    const gradient = made.gradients.get(gates[index]!);
    const product =
      gradient === undefined
        ? write.node('Sub', [gates[index]!, gates[index]!])
        : write.node('Mul', [gradient, gates[index]!]);
    const others = Array.from({ length: rank }, (_, one) => one).filter((one) => one !== axis && one !== 0);
    return others.length === 0
      ? product
      : write.node('ReduceSum', [product, write.ints(others)], { keepdims: 0 });
  });
  const lossOutput = made.parts.get('loss')!;
  graph.output = [lossOutput, ...outputs].map((name) => ({
    name,
    type: { tensorType: { elemType: FLOAT } },
  }));
  return { model: made.model, loss: lossOutput, gates: outputs };
}

/** @returns the value behind the gate of each reader */
function addGates({ graph }: OnnxModel, readers: readonly ChannelReader[]): string[] {
  const names = new UniqueNames(graph);
  const known = new Map<string, string>();
  const byName = new Map(graph.node.map((node) => [node.name ?? '', node]));
  const gates = readers.map(({ node: name, tensor }) => {
    const key = `${name}\n${tensor}`;
    const present = known.get(key);
    if (present !== undefined) return present;
    const node = byName.get(name)!;
    const gate = names.make(`${tensor}_gate`);
    graph.node.push(makeNode({ op: 'Identity', name: gate, inputs: [tensor], outputs: [gate] }));
    node.input = node.input.map((one) => (one === tensor ? gate : one));
    known.set(key, gate);
    return gate;
  });
  sortNodes(graph);
  return gates;
}

/** What a model takes of some data. */
export function feedsOf(
  { graph }: OnnxModel,
  data: Readonly<Record<string, TrainingTensor>>,
): Record<string, TrainingTensor> {
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const names = graph.input.map(({ name }) => name).filter((name) => !constants.has(name));
  return Object.fromEntries(names.map((name) => [name, data[name] ?? missing(name, data)]));
}

function missing(input: string, data: object): never {
  throw new TensorRTError('ERR_TRT_ARG_VALUE', `The data has nothing for input "${input}" of the model.`, {
    details: { input, given: Object.keys(data) },
  });
}
