// SPDX-License-Identifier: Apache-2.0
// Losses as nodes behind a model. Means are over samples, and over positions where there are several.

import { TensorRTError } from '../../errors';
import type { NodeMessage, ValueMessage } from '../../onnx/graph/onnx-messages';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import type { WrittenLoss } from '../gradient/gradient-model';
import type { GraphWriter } from '../gradient/graph-writer';
import type { GraphFacts } from '../gradient/node-gradient';
import { LABELS_INPUT, TARGETS_INPUT } from './training-data';

/** Inner tensors of the student that shall be as the teacher's. */
export interface FeatureLoss {
  /** Tensor of the student. */
  readonly student: string;
  /** Input that holds the teacher's. */
  readonly input: string;
  /** Shape of the teacher's, the first axis a symbol. */
  readonly dims: readonly (number | undefined)[];
  /** Parameter `[teacher channels, student channels]` that leads from the student's to the teacher's; absent: they are alike. */
  readonly map?: string;
  /** Where the channels are. */
  readonly channelAxis: number;
  readonly weight: number;
}

/** What a loss is the sum of; each part is there if it has a weight. */
export interface LossPlan {
  /** Output that the loss is of: classes on the last axis, before softmax. */
  readonly output: string;
  /** Weight of the cross-entropy with labels. */
  readonly hard?: number;
  /** Weight of the divergence from the teacher at a temperature; its scores are the input `teacher`. */
  readonly soft?: { readonly weight: number; readonly temperature: number };
  /** Weight of the squared distance from targets. */
  readonly squared?: number;
  readonly features?: readonly FeatureLoss[];
}

/** Input that holds the teacher's scores. */
export const TEACHER_INPUT = 'training_teacher';

const FLOAT = 1;
const INT64 = 7;

/** Writes a loss: the sum of its parts, each handed out by itself without its weight. */
export function writeLoss(plan: LossPlan): (write: GraphWriter, facts: GraphFacts) => WrittenLoss {
  return (write, facts) => {
    const inputs: ValueMessage[] = [];
    const parts: Record<string, string> = {};
    const terms: string[] = [];
    const add = (name: string, value: string, weight: number): void => {
      parts[name] = value;
      terms.push(weight === 1 ? value : write.node('Mul', [value, write.float(weight)]));
    };
    if (plan.hard !== undefined) {
      inputs.push(valueOf(LABELS_INPUT, INT64));
      add('hard', crossEntropy(write, plan.output), plan.hard);
    }
    if (plan.soft !== undefined) {
      inputs.push(likeValue(TEACHER_INPUT, plan.output, facts));
      add('soft', divergence(write, plan.output, plan.soft.temperature), plan.soft.weight);
    }
    if (plan.squared !== undefined) {
      inputs.push(likeValue(TARGETS_INPUT, plan.output, facts));
      add('squared', squaredDistance(write, plan.output, TARGETS_INPUT), plan.squared);
    }
    for (const [index, feature] of (plan.features ?? []).entries()) {
      inputs.push(valueOf(feature.input, FLOAT, feature.dims));
      add(`feature${index}`, featureDistance(write, feature), feature.weight);
    }
    const loss = terms.length === 1 ? write.node('Identity', terms) : write.node('Sum', terms);
    const parameters = (plan.features ?? []).flatMap(({ map }) => map ?? []);
    return { loss, inputs, parts: { ...parts, output: plan.output }, parameters };
  };
}

function valueOf(name: string, elemType: number, dims?: readonly (number | undefined)[]): ValueMessage {
  if (dims === undefined) return { name, type: { tensorType: { elemType } } };
  const dim = dims.map((dimValue) => (dimValue === undefined ? {} : { dimValue }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

function likeValue(name: string, like: string, facts: GraphFacts): ValueMessage {
  const dims = facts.dimsOf(like);
  if (dims === undefined) return valueOf(name, FLOAT);
  const dim = dims.map((size) =>
    typeof size === 'number' ? { dimValue: size } : size === undefined ? {} : { dimParam: size },
  );
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
}

/** -mean(log softmax(scores)[label]) over those that have a label. */
function crossEntropy(write: GraphWriter, scores: string): string {
  const depth = write.node('Slice', [
    write.node('Shape', [scores]),
    write.ints([-1]),
    write.ints([2 ** 31 - 1]),
  ]);
  const values = write.node('Concat', [write.filled(0, [1]), write.filled(1, [1])], { axis: 0 });
  const chosen = write.node('OneHot', [LABELS_INPUT, depth, values], { axis: -1 });
  const logs = write.node('LogSoftmax', [scores], { axis: -1 });
  const sum = write.node('ReduceSum', [write.node('Mul', [chosen, logs])], { keepdims: 0 });
  const count = write.node('Max', [write.node('ReduceSum', [chosen], { keepdims: 0 }), write.float(1)]);
  return write.node('Neg', [write.node('Div', [sum, count])]);
}

/**
 * T^2 mean(sum(p (log p - log q))), p and q the softmax of the teacher's and the student's scores by T. T^2 keeps the
 * gradient's size when T changes.
 *
 * @see Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015, section 2
 */
function divergence(write: GraphWriter, scores: string, temperature: number): string {
  const logs = (name: string): string => {
    const cooled = temperature === 1 ? name : write.node('Div', [name, write.float(temperature)]);
    return write.node('LogSoftmax', [cooled], { axis: -1 });
  };
  const expected = logs(TEACHER_INPUT);
  const apart = write.node('Sub', [expected, logs(scores)]);
  const weighted = write.node('Mul', [write.node('Exp', [expected]), apart]);
  const rows = write.node('ReduceSum', [weighted, write.ints([-1])], { keepdims: 0 });
  const mean = write.node('ReduceMean', [rows], { keepdims: 0 });
  return write.node('Mul', [mean, write.float(temperature ** 2)]);
}

function squaredDistance(write: GraphWriter, value: string, target: string): string {
  const apart = write.node('Sub', [value, target]);
  return write.node('ReduceMean', [write.node('Mul', [apart, apart])], { keepdims: 0 });
}

function featureDistance(
  write: GraphWriter,
  { student, input, map, dims, channelAxis }: FeatureLoss,
): string {
  if (map === undefined) return squaredDistance(write, student, input);
  const turned = write.node('Transpose', [map], { perm: [1, 0] });
  if (channelAxis === dims.length - 1)
    return squaredDistance(write, write.node('MatMul', [student, turned]), input);
  const places = dims.slice(2).map(() => 1);
  const shape = write.ints([0, 0, ...places]);
  const kernel = write.node('Reshape', [map, shape]);
  return squaredDistance(write, write.node('Conv', [student, kernel]), input);
}

/**
 * The scores behind an output of classes: what its softmax takes, where the model ends in one.
 *
 * @throws {TensorRTError} ERR_TRT_ARG_VALUE for a name that is no output of the model
 */
export function scoresOf(model: OnnxModel, wanted?: string): string {
  const { graph } = model;
  const output = wanted ?? graph.output[0]?.name;
  if (!graph.output.some(({ name }) => name === output)) {
    const names = graph.output.map(({ name }) => `"${name}"`).join(', ');
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `The model has no output "${output}"; it has ${names || 'none'}.`,
    );
  }
  const makers = new Map<string, NodeMessage>();
  for (const node of graph.node) for (const name of node.output) makers.set(name, node);
  let name = output!;
  for (let node = makers.get(name); node !== undefined; node = makers.get(name)) {
    if (!/^(Identity|Softmax|LogSoftmax)$/.test(node.opType)) break;
    name = node.input[0]!;
    if (node.opType !== 'Identity') break;
  }
  return name;
}
