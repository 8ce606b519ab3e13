// SPDX-License-Identifier: Apache-2.0
import type { DistillOptions } from '../../compress/distill';
import type { FeaturePair } from '../../compress/distill/feature-pairs';
import { flag, option, repeated, type OptionTable, type OptionValues } from '../args/option';
import { usageError } from '../args/usage-error';
import { parseChoice, parseInteger, parseText } from '../values/basic';
import { parsePositiveDurationMs } from '../values/duration';
import { parseNumberBetween, parseShare } from '../values/number';
import { measureOptionTable } from './measure-arguments';

const FEW = 1_000_000;

/** `teacher.tensor=student.tensor` or `teacher.tensor=student.tensor*0.5` */
function parseFeature(text: string, name: string): FeaturePair {
  const match = /^([^=]+)=([^=*]+)(?:\*([\d.eE+-]+))?$/.exec(text);
  const weight = match?.[3] === undefined ? 1 : Number(match[3]);
  if (match === null || !(weight > 0))
    throw usageError(
      `${name} expects teacher-tensor=student-tensor, with *weight or without, but got '${text}'.`,
    );
  return { teacher: match[1]!, student: match[2]!, weight };
}

/** Options of `distill`. */
export const distillOptionTable = {
  output: option(
    '<file>',
    'where the model goes; <student>-distilled.onnx, or <teacher>-distilled.onnx, unless told',
    parseText,
    'o',
  ),
  studentChannels: option(
    '<share>',
    'in place of student.onnx: the teacher with so many of its channels, neurons and heads: 70%',
    parseShare,
  ),
  data: option(
    '<data>',
    'inputs to learn from: .npy, .npz with an array for each input, .jsonl, or a folder of samples',
    parseText,
  ),
  labels: option('<file>', 'classes of the samples (.npy), -1 for those without one', parseText),
  temperature: option(
    '<t>',
    'what scores are divided by before the softmax; 4 unless told',
    parseNumberBetween(0.01, 1000),
  ),
  alpha: option(
    '<share>',
    'share of the soft labels in the loss, 0 to 1; 0.9 with labels, 1 without',
    parseNumberBetween(0, 1),
  ),
  feature: repeated(
    '<pair>',
    'inner tensors that shall become alike too: teacher-tensor=student-tensor, with *weight or without',
    parseFeature,
  ),
  random: flag("start from random weights instead of the student's"),
  epochs: option('<n>', 'how often all samples are seen; 20 unless told', parseInteger(1, FEW)),
  batch: option('<n>', 'samples of a step; 32 unless told', parseInteger(1, FEW)),
  optimizer: option('<name>', 'adam (default), adamw or sgd', parseChoice('adam', 'adamw', 'sgd')),
  learningRate: option(
    '<rate>',
    'at its highest; 0.001, for sgd 0.05 unless told',
    parseNumberBetween(1e-9, 1000),
  ),
  schedule: option('<how>', 'cosine (default), step or constant', parseChoice('cosine', 'step', 'constant')),
  weightDecay: option(
    '<rate>',
    'how weights are drawn to zero; 0, for adamw 0.01 unless told',
    parseNumberBetween(0, 1),
  ),
  clipNorm: option('<length>', 'longest gradient; no limit unless told', parseNumberBetween(1e-9, 1e9)),
  validation: option(
    '<share>',
    'share of the samples, 0 to 0.9, that is held back to measure on; the best weights are kept then',
    parseNumberBetween(0, 0.9),
  ),
  patience: option('<epochs>', 'end after so many epochs without a better measure', parseInteger(1, FEW)),
  keepZeros: flag('weights that are zero stay zero'),
  keepShared: flag('weights of a tensor that are equal stay equal'),
  freezeNormalization: flag('batch normalisations keep mean and variance'),
  seed: option('<n>', 'of all that is random; 0 unless told', parseInteger(0, 2 ** 32 - 1)),
  threads: option('<n>', 'threads of the CPU; all unless told', parseInteger(1, 1024)),
  checkpoint: option('<file>', 'keeps the state of the training; the same call goes on from it', parseText),
  timeLimit: option('<time>', 'end after so long with the weights there are: 10m', parsePositiveDurationMs),
  softLabels: option(
    '<file>',
    "write the teacher's probabilities at the temperature too (.npy; with the temperature .npz or .parquet)",
    parseText,
  ),
  ...measureOptionTable,
} satisfies OptionTable;

/** Parsed options of `distill`. */
export type DistillArguments = OptionValues<typeof distillOptionTable>;

/** The options of `distill()` that do not depend on the data. Only what was written is set: the defaults are the library's. */
export function toDistillOptions(given: DistillArguments): Omit<DistillOptions, 'trainer'> {
  const options = {
    temperature: given.temperature,
    alpha: given.alpha,
    epochs: given.epochs,
    batchSize: given.batch,
    optimizer: given.optimizer,
    learningRate: given.learningRate,
    schedule: given.schedule,
    weightDecay: given.weightDecay,
    clipNorm: given.clipNorm,
    validation: given.validation,
    patience: given.patience,
    seed: given.seed,
    checkpoint: given.checkpoint,
    timeLimit: given.timeLimit === undefined ? undefined : given.timeLimit / 1000,
    ...(given.feature.length === 0 ? {} : { features: given.feature }),
    ...(given.random ? { initialize: 'random' as const } : {}),
    ...(given.keepZeros ? { keepZeros: true } : {}),
    ...(given.keepShared ? { keepShared: true } : {}),
    ...(given.freezeNormalization ? { batchNormalization: 'frozen' as const } : {}),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
