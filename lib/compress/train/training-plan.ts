// SPDX-License-Identifier: Apache-2.0
import { excludedBy, type NodeExclusion } from '../../onnx/graph/node-exclusion';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import { sortNodes } from '../../onnx/graph/sort-nodes';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { makeTensor, readFloats } from '../../onnx/graph/tensor-values';
import { expandConstants } from '../../onnx/passes/expand-constants';
import { inlineBranches } from '../../onnx/passes/inline-branches';
import { inlineFunctions } from '../../onnx/passes/inline-functions';
import { nameNodes } from '../../onnx/passes/name-nodes';
import { removeDeadNodes } from '../../onnx/passes/remove-dead-nodes';
import { separateInitializers } from '../../onnx/passes/separate-initializers';
import { makeGradientModel, type GradientModel } from '../gradient/gradient-model';
import { giveMasters, type RoundedWeight } from './fake-quantization';
import { findParameters, type FoundParameters, type KeptParameter } from './find-parameters';
import { writeLoss, type LossPlan } from './losses';

/** Values that training changes, with their shape. */
export interface TrainedTensor {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/** A model that is ready to be trained. */
export interface TrainingPlan {
  /** What is written in the end, with the weights from before. */
  readonly target: OnnxModel;
  /** Runs forward and backward. */
  readonly training: GradientModel;
  /** Runs forward, as the written model does. */
  readonly evaluation: GradientModel;
  /** Parameters that have a gradient. */
  readonly parameters: ReadonlyMap<string, TrainedTensor>;
  /** Mean and variance of batch normalisations. */
  readonly statistics: ReadonlyMap<string, TrainedTensor>;
  /** Parameters of the loss alone: they are not written. */
  readonly ofLoss: ReadonlySet<string>;
  readonly rounded: readonly RoundedWeight[];
  readonly kept: readonly KeptParameter[];
}

/** How a model is made ready. */
export interface PlanTrainingOptions {
  readonly exclude?: NodeExclusion | undefined;
  /** Whether normalisations take the statistics of their batch. */
  readonly batchStatistics: boolean;
  /** Parameters that the loss has beside the model's. */
  readonly ofLoss?: ReadonlyMap<string, TrainedTensor>;
}

/** Brings a copy of a model into a form whose constants are initializers of the main graph. */
export function prepareToTrain(source: OnnxModel): OnnxModel {
  const model = source.clone();
  sortNodes(model.graph);
  separateInitializers(model);
  inlineFunctions(model);
  expandConstants(model.graph);
  inlineBranches(model.graph);
  removeDeadNodes(model.graph);
  nameNodes(model.graph);
  return model;
}

/**
 * Writes the graphs that a training runs.
 *
 * @param target - As `prepareToTrain` made it.
 * @throws {TensorRTError} ERR_TRT_COMPRESS_UNSUPPORTED for operators without a gradient
 */
export function planTraining(
  target: OnnxModel,
  loss: LossPlan,
  { exclude, batchStatistics, ofLoss = new Map<string, TrainedTensor>() }: PlanTrainingOptions,
): TrainingPlan {
  const model = target.clone();
  const { weights: rounded, kept: unrounded, scales } = giveMasters(model, exclude);
  const found = withoutScales(findParameters(model, exclude), scales);
  for (const [name, { dims, values }] of ofLoss)
    model.graph.initializer.push(makeTensor(name, 'FLOAT', dims, values));
  const names = [...found.trained.map(({ name = '' }) => name), ...ofLoss.keys()];
  const request = {
    parameters: names,
    states: found.statistics.map(({ name = '' }) => name),
    writeLoss: writeLoss(loss),
  };
  const isFrozen = (node: NodeMessage): boolean =>
    exclude !== undefined && excludedBy(exclude, node) !== null;
  const training = makeGradientModel(model, { ...request, batchStatistics, isFrozen });
  const evaluation = makeGradientModel(model, { ...request, gradients: false });
  const all = new Map(model.graph.initializer.map((tensor) => [tensor.name ?? '', tensor]));
  const valuesOf = (name: string): readonly [string, TrainedTensor] => {
    const tensor = all.get(name)!;
    return [name, { dims: tensor.dims, values: readFloats(tensor) }];
  };
  const unreached = found.trained.filter(({ name = '' }) => !training.gradients.has(name));
  return {
    target,
    training,
    evaluation,
    rounded: rounded.filter(({ master }) => training.gradients.has(master)),
    // Those without a gradient are inputs too, and keep the values they have.
    parameters: new Map(names.map(valuesOf)),
    statistics: new Map(request.states.map(valuesOf)),
    ofLoss: new Set(ofLoss.keys()),
    kept: [
      ...found.kept,
      ...unrounded,
      ...unreached.map(({ name = '' }) => ({
        node: readerOf(model, name),
        parameter: name,
        reason: 'the loss does not depend on it',
      })),
    ],
  };
}

/** Scales of rounded weights stay as they are stored. */
function withoutScales(found: FoundParameters, scales: ReadonlySet<string>): FoundParameters {
  return { ...found, trained: found.trained.filter(({ name = '' }) => !scales.has(name)) };
}

function readerOf({ graph }: OnnxModel, name: string): string {
  return graph.node.find(({ input }) => input.includes(name))?.name ?? name;
}

/** The model with trained values in the place of its own. */
export function writeTrained(
  plan: TrainingPlan,
  parameters: ReadonlyMap<string, Float32Array>,
  statistics: ReadonlyMap<string, Float32Array>,
): OnnxModel {
  const model = plan.target.clone();
  const masters = new Map(plan.rounded.map((one) => [one.stored, one]));
  model.graph.initializer = model.graph.initializer.map((tensor) => {
    const name = tensor.name ?? '';
    const rounded = masters.get(name);
    if (rounded !== undefined) return rounded.round(parameters.get(rounded.master)!);
    const values = plan.training.gradients.has(name) ? parameters.get(name) : statistics.get(name);
    if (values === undefined || plan.ofLoss.has(name)) return tensor;
    return makeTensor(name, 'FLOAT', tensor.dims, values.slice());
  });
  return model;
}
