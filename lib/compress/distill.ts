// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import { loadModel, OnnxModel } from '../onnx/graph/onnx-model';
import { oneOf, path, typed, typeError, isPlainObject, type OptionCheck } from '../option-checks';
import { planFeatures, type FeaturePair, type PlannedFeatures } from './distill/feature-pairs';
import { initializeWeights } from './distill/initialize-weights';
import { DEFAULT_TEMPERATURE, scoresOfLabels, type SoftLabels } from './distill/soft-labels';
import { runTeacher } from './distill/teacher-outputs';
import { checkTable, numberBetween } from './option-tables';
import type { ModelSource } from './runner';
import { requireTrainer, TRAINING_CHECKS } from './train/check-train-options';
import { scoresOf, TEACHER_INPUT, type LossPlan } from './train/losses';
import { runTraining } from './train/run-training';
import type { TrainingOptions } from './train/train-options';
import { countParameters } from './report/count-work';
import type { TrainingReport } from './train/train-report';
import type { TrainingTensor } from './train/trainer';
import type { TrainingData } from './train/training-data';
import { prepareToTrain } from './train/training-plan';

/** How a student learns from a teacher. */
export interface DistillOptions extends TrainingOptions {
  /** What scores of both are divided by before the softmax: the higher, the more the small ones say. Default 4. */
  readonly temperature?: number;
  /**
   * Share of the soft labels in the loss, 0 to 1: alpha T^2 KL(teacher, student) + (1 - alpha) cross-entropy with labels.
   * Default 0.9 with labels, 1 without.
   */
  readonly alpha?: number;
  /** Inner tensors that shall become alike too. */
  readonly features?: readonly FeaturePair[];
  /** `'keep'` (default) starts from the student's weights, `'random'` from new ones by `seed`. */
  readonly initialize?: 'keep' | 'random';
  /** Output of the student. Default: the first one; of a softmax, what it takes. */
  readonly output?: string;
  /** Output of the teacher that is imitated. Default: as for the student. */
  readonly teacherOutput?: string;
  /** What the teacher said of the same samples at an earlier time; it is not run for scores then. */
  readonly softLabels?: SoftLabels;
}

/** What makes a student from a copy of the teacher: a model, or what a step such as `pruneChannels` returned. */
export type MakeStudent = (teacher: OnnxModel) => MadeStudent | Promise<MadeStudent>;

/** A model, or a result that has one. */
export type MadeStudent = OnnxModel | { readonly model: OnnxModel };

/** A student, given or made from the teacher, e.g. by taking channels out of it. */
export type Student = ModelSource | OnnxModel | MakeStudent;

/** What a distillation did. */
export interface DistillReport extends TrainingReport {
  /** Temperature of the soft labels. */
  readonly temperature: number;
  /** Share of the soft labels in the loss, 0 to 1. */
  readonly alpha: number;
  /** Numbers in FP32 constants of the teacher. */
  readonly teacherParameters: number;
}

/** A student that has learned. */
export interface Distilled {
  /** The new model. */
  readonly model: OnnxModel;
  /** What was done, and what was measured. */
  readonly report: DistillReport;
}

const DISTILL: Readonly<Record<keyof DistillOptions, OptionCheck>> = {
  ...TRAINING_CHECKS,
  temperature: numberBetween(0.01, 1000),
  alpha: numberBetween(0, 1),
  features: typed('a list of pairs of tensors', Array.isArray),
  initialize: oneOf('keep', 'random'),
  output: path,
  teacherOutput: path,
  softLabels: typed('what softLabels() returned', isPlainObject),
};

const DEFAULT_ALPHA = 0.9;

/**
 * Trains a small model to answer as a large one does, by back-propagation on ONNX graphs: the gradients are ONNX nodes,
 * which the trainer's runtime computes. The teacher runs once on all samples; neither model is changed.
 *
 * The loss is alpha T^2 KL(p, q) + (1 - alpha) H(labels, q1), with p and q the softmax of the teacher's and the student's
 * scores by T, and q1 the student's at T = 1. Samples without a label (-1) count in the first part alone.
 *
 * @param teacher - Path of an .onnx file, its bytes, or a loaded model.
 * @param student - The same, or a function that makes it from the teacher, e.g. by `pruneChannels`: its weights are kept, and
 * what was lost is learned again.
 * @param data - Inputs of both; labels where there are some.
 * @throws {TensorRTError} ERR_TRT_COMPRESS_UNSUPPORTED for an operator of the student without a gradient, with its node;
 * ERR_TRT_COMPRESS_DIVERGED when the loss is no number any more; ERR_TRT_ARG_VALUE for data or options that do not fit;
 * ERR_TRT_RUN_ABORTED if the signal fires; what loading the models and running them throw
 * @see Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015
 * @example
 * const { model, report } = await distill('teacher.onnx', 'student.onnx', { inputs, labels }, { trainer: sessionTrainer() });
 * await model.save('distilled.onnx');
 * @example
 * const narrow = (teacher: OnnxModel) => pruneChannels(teacher, { ratio: 0.3, calibration: batches, runner: sessionRunner() });
 * const { model } = await distill('model.onnx', narrow, { inputs, labels }, { trainer: sessionTrainer(), epochs: 5 });
 */
export async function distill(
  teacher: ModelSource | OnnxModel,
  student: Student,
  data: TrainingData,
  options: DistillOptions,
): Promise<Distilled> {
  checkTable('distill', options, DISTILL);
  requireTrainer(options);
  const { temperature = DEFAULT_TEMPERATURE, seed = 0 } = options;
  const alpha = chooseAlpha(data, options.alpha);
  const original = await load(teacher);
  const model = prepareToTrain(
    typeof student === 'function' ? await makeStudent(original, student) : await load(student),
  );
  if (options.initialize === 'random') initializeWeights(model, seed);
  const lessons = new Lessons(prepareToTrain(original), options);
  const taught = await lessons.of(data, options.softLabels);
  const features = planFeatures(model, options.features ?? [], { found: taught.features, seed });
  const { validation } = options;
  const { softLabels: _s, features: _f, initialize: _i, ...others } = options;
  const trained = await runTraining(
    {
      model,
      loss: lossOf(scoresOf(model, options.output), { alpha, temperature, features }),
      data,
      further: { [TEACHER_INPUT]: taught.scores, ...features.inputs },
      ...(typeof validation === 'object' ? { furtherValidation: await lessons.further(validation) } : {}),
      ofLoss: features.maps,
    },
    others,
  );
  return {
    model: trained.model,
    report: { ...trained.report, temperature, alpha, teacherParameters: countParameters(original) },
  };
}

async function load(source: ModelSource | OnnxModel): Promise<OnnxModel> {
  return source instanceof OnnxModel ? source : loadModel(source);
}

/** Callers may change the copy that they get. */
async function makeStudent(teacher: OnnxModel, make: MakeStudent): Promise<OnnxModel> {
  const made: unknown = await make(teacher.clone());
  if (made instanceof OnnxModel) return made;
  const model: unknown = isPlainObject(made) ? (made as { model?: unknown }).model : undefined;
  if (model instanceof OnnxModel) return model;
  throw typeError('student(teacher)', made, 'an OnnxModel, or an object with one as model');
}

function chooseAlpha({ labels }: TrainingData, given: number | undefined): number {
  const alpha = given ?? (labels === undefined ? 1 : DEFAULT_ALPHA);
  if (alpha < 1 && labels === undefined)
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `alpha ${alpha} leaves a share to labels; the data has none.`,
      {
        hint: 'Give labels, or alpha 1.',
      },
    );
  return alpha;
}

function lossOf(
  output: string,
  {
    alpha,
    temperature,
    features,
  }: { readonly alpha: number; readonly temperature: number; readonly features: PlannedFeatures },
): LossPlan {
  return {
    output,
    ...(alpha < 1 ? { hard: 1 - alpha } : {}),
    ...(alpha > 0 || features.losses.length === 0 ? { soft: { weight: alpha, temperature } } : {}),
    features: features.losses,
  };
}

/** What the teacher says of data. */
class Lessons {
  constructor(
    private readonly teacher: OnnxModel,
    private readonly options: DistillOptions,
  ) {}

  async of(
    data: TrainingData,
    known?: SoftLabels,
  ): Promise<{
    readonly scores: TrainingTensor;
    readonly features: ReadonlyMap<string, TrainingTensor>;
  }> {
    const { trainer, features = [], batchSize = 32, signal, teacherOutput } = this.options;
    const output = scoresOf(this.teacher, teacherOutput);
    const names = features.map(({ teacher }) => teacher);
    const tensors = known === undefined ? [output, ...names] : names;
    const found =
      tensors.length === 0
        ? new Map<string, TrainingTensor>()
        : await runTeacher(this.teacher, { trainer, tensors, inputs: data.inputs, batchSize, signal });
    return { scores: known === undefined ? found.get(output)! : scoresOfLabels(known), features: found };
  }

  /** The same as inputs of the loss. */
  async further(data: TrainingData): Promise<Record<string, TrainingTensor>> {
    const { scores, features } = await this.of(data);
    const pairs = (this.options.features ?? []).map(
      ({ teacher }, index) => [`training_feature${index}`, features.get(teacher)!] as const,
    );
    return { [TEACHER_INPUT]: scores, ...Object.fromEntries(pairs) };
  }
}
