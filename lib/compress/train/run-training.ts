// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { assertOnnxModel } from '../../onnx/check/check-onnx-model';
import { modelTensors } from '../../onnx/graph/graph-walk';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { tensorBytes } from '../../onnx/graph/tensor-values';
import { TensorRTError } from '../../errors';
import { checkLabels } from './check-labels';
import { readCheckpoint } from './checkpoint';
import type { LossPlan } from './losses';
import { createOptimizer } from './optimizers';
import { initialState, TrainLoop, type TrainingSamples } from './train-loop';
import type { TrainingOptions } from './train-options';
import { reportTraining, type TrainingReport } from './train-report';
import type { TrainingTensor } from './trainer';
import { openTrainingData, splitSamples, type TrainingData } from './training-data';
import { planTraining, writeTrained, type TrainedTensor } from './training-plan';

/** What is trained, on what. */
export interface TrainingWork {
  /** As `prepareToTrain` made it. */
  readonly model: OnnxModel;
  readonly loss: LossPlan;
  readonly data: TrainingData;
  /** Further inputs of the loss, e.g. the teacher's scores: for the data, and for separate validation data. */
  readonly further?: Readonly<Record<string, TrainingTensor>>;
  readonly furtherValidation?: Readonly<Record<string, TrainingTensor>>;
  /** Parameters of the loss itself. */
  readonly ofLoss?: ReadonlyMap<string, TrainedTensor>;
}

const SHARE_FOR_PATIENCE = 0.1;

/** Trains a model and writes it. */
export async function runTraining(
  work: TrainingWork,
  options: TrainingOptions,
): Promise<{ readonly model: OnnxModel; readonly report: TrainingReport }> {
  const { exclude, batchNormalization = 'batch', checkpoint } = options;
  const fitted = { ...options, batchSize: fittingBatch(work.model, options.batchSize) };
  const samples = wholeBatches(takeSamples(work, fitted), fixedBatch(work.model)?.samples);
  const { validation } = options;
  checkLabels(work.model, work.loss.output, [
    work.data,
    ...(typeof validation === 'object' ? [validation] : []),
  ]);
  const plan = planTraining(work.model, work.loss, {
    exclude,
    batchStatistics: batchNormalization === 'batch',
    ...(work.ofLoss === undefined ? {} : { ofLoss: work.ofLoss }),
  });
  if (plan.training.gradients.size === 0) throw nothingToTrain(plan.kept);
  const fingerprint = checkpoint === undefined ? '' : await fingerprintOf(work, fitted);
  const stored = checkpoint === undefined ? undefined : await readCheckpoint(checkpoint, fingerprint);
  const state = stored ?? initialState(plan, createOptimizer(options));
  const result = await new TrainLoop(plan, samples, state, { ...fitted, fingerprint }).run();
  const model = writeTrained(plan, result.parameters, result.statistics);
  assertOnnxModel(model);
  const isAlone = fitted.batchSize === 1 && plan.training.statistics.length > 0;
  const warnings = warningsOf(samples, { end: result.end, isAlone });
  return { model, report: reportTraining(plan, result, warnings) };
}

function takeSamples(work: TrainingWork, options: TrainingOptions): TrainingSamples {
  const { validation, patience, seed = 0 } = options;
  const source = openTrainingData(work.data, work.further);
  if (typeof validation === 'object') {
    const held = openTrainingData(validation, work.furtherValidation);
    return {
      source,
      train: numbers(source.count),
      validation: { source: held, samples: numbers(held.count) },
    };
  }
  const share = validation ?? (patience === undefined ? 0 : SHARE_FOR_PATIENCE);
  const { train, validation: samples } = splitSamples(source.count, share, seed);
  if (train.length === 0 || (patience !== undefined && samples.length === 0))
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `${source.count} samples cannot be split into ${train.length} to train on and ${samples.length} to measure on.`,
    );
  return { source, train, validation: samples.length === 0 ? undefined : { source, samples } };
}

/** A model whose batch is fixed cannot be measured on what is left over. */
function wholeBatches(samples: TrainingSamples, fixed: number | undefined): TrainingSamples {
  const { train, validation } = samples;
  if (fixed === undefined) return samples;
  if (train.length < fixed)
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `There are ${train.length} samples to train on; the model takes ${fixed} at once, no fewer.`,
    );
  if (validation === undefined) return samples;
  const whole = validation.samples.length - (validation.samples.length % fixed);
  if (whole === 0)
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `There are ${validation.samples.length} samples to measure on; the model takes ${fixed} at once, no fewer.`,
      { hint: 'Hold more samples back, or export the model with a dynamic batch.' },
    );
  return { ...samples, validation: { ...validation, samples: validation.samples.subarray(0, whole) } };
}

const numbers = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, index) => index);

/** How many samples a model takes at once, where it takes no other number. */
export function fixedBatch({
  graph,
}: OnnxModel): { readonly input: string; readonly samples: number } | undefined {
  const constants = new Set(graph.initializer.map(({ name }) => name));
  for (const { name, type } of graph.input) {
    const samples = constants.has(name) ? undefined : type?.tensorType?.shape?.dim[0]?.dimValue;
    if (samples !== undefined) return { input: name, samples };
  }
  return undefined;
}

function fittingBatch(model: OnnxModel, wanted: number | undefined): number {
  const fixed = fixedBatch(model);
  if (fixed === undefined) return wanted ?? 32;
  if (wanted === undefined || wanted === fixed.samples) return fixed.samples;
  throw new TensorRTError(
    'ERR_TRT_ARG_VALUE',
    `batchSize is ${wanted}; input "${fixed.input}" of the model takes ${fixed.samples} samples, no more and no fewer.`,
    { hint: 'Export the model with a dynamic batch, or leave batchSize out.' },
  );
}

function nothingToTrain(kept: readonly { parameter: string; reason: string }[]): TensorRTError {
  const reasons = kept.slice(0, 3).map(({ parameter, reason }) => `"${parameter}": ${reason}`);
  return new TensorRTError(
    'ERR_TRT_COMPRESS_UNSUPPORTED',
    `The model has no weights that can be trained${reasons.length === 0 ? '' : `: ${reasons.join('; ')}`}.`,
    { details: { kept } },
  );
}

/** What a checkpoint has to be of. What a training that went astray is mended with may change, and when it stops. */
async function fingerprintOf(
  { model, data, further = {}, loss, ofLoss = new Map<string, TrainedTensor>() }: TrainingWork,
  options: TrainingOptions,
): Promise<string> {
  const hash = createHash('sha256');
  const { validation, exclude } = options;
  const settings = NAMES.map((name) => [name, options[name]]);
  hash.update(JSON.stringify([settings, loss, exclude?.names, exclude?.ops, String(exclude?.patterns)]));
  // Weights that are not trained and attributes count too: with others the measures would be of another model.
  hash.update(model.toOutline());
  for (const tensor of modelTensors(model.message)) await addBytes(hash, tensorBytes(tensor));
  for (const [name, { values }] of ofLoss) await addBytes(hash.update(name), values);
  const sets = [data, ...(typeof validation === 'object' ? [validation] : [])];
  hash.update(typeof validation === 'number' ? String(validation) : '');
  for (const { inputs, labels, targets } of sets)
    for (const tensor of [...Object.values(inputs), labels, targets, ...Object.values(further)])
      if (tensor !== undefined) await addBytes(hash.update(JSON.stringify(tensor.dims)), tensor.data);
  return hash.digest('hex');
}

const PIECE_BYTES = 4 * 2 ** 20;

/** A piece at a time: data may take gigabytes, and other work of the process goes on between two pieces. */
async function addBytes(hash: Hash, { buffer, byteOffset, byteLength }: ArrayBufferView): Promise<void> {
  for (let at = 0; at < byteLength; at += PIECE_BYTES) {
    hash.update(new Uint8Array(buffer, byteOffset + at, Math.min(PIECE_BYTES, byteLength - at)));
    if (byteLength > PIECE_BYTES) await setImmediate();
  }
}

const NAMES = [
  ...(['optimizer', 'momentum', 'betas', 'weightDecay', 'schedule', 'stepEpochs', 'stepFactor'] as const),
  ...(['epochs', 'batchSize', 'seed', 'patience', 'batchNormalization', 'keepZeros', 'keepShared'] as const),
];

function warningsOf(
  { train, validation }: TrainingSamples,
  { end, isAlone }: { readonly end: string; readonly isAlone: boolean },
): string[] {
  const warnings: string[] = [];
  if (isAlone)
    warnings.push(
      "Batch normalisations took their statistics of one sample at a time: give a larger batchSize, or batchNormalization 'frozen'.",
    );
  if (train.length < 100)
    warnings.push(`There are ${train.length} samples to train on: the weights may fit them alone.`);
  if (validation !== undefined && validation.samples.length < 50)
    warnings.push(`The measure is of ${validation.samples.length} samples: small differences say nothing.`);
  if (end === 'time') warnings.push('The time was over before all epochs were done.');
  return warnings;
}
