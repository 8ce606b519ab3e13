// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from 'node:timers/promises';
import { TensorRTError } from '../../errors';
import type { OnnxModel } from '../../onnx/graph/onnx-model';
import { throwIfAborted } from '../observe/stop-work';
import type { RunnerOutputs } from '../runner';
import { emptyArrays, writeCheckpoint, type EpochRecord, type TrainingState } from './checkpoint';
import { KeptPatterns } from './kept-patterns';
import { clipGradients, createOptimizer, type Optimizer } from './optimizers';
import { learningRateShare, type TrainingLength } from './schedules';
import type { TrainingOptions, ValidationMeasure } from './train-options';
import { openTrainerSession, type TrainerSession, type TrainingTensor } from './trainer';
import { epochRandom, shuffled, type SampleSource } from './training-data';
import type { TrainingPlan } from './training-plan';
import { measureModel, numberOf } from './measure-model';

/** Samples that are trained on, and those that are measured on. */
export interface TrainingSamples {
  readonly source: SampleSource;
  readonly train: Uint32Array;
  readonly validation?: { readonly source: SampleSource; readonly samples: Uint32Array } | undefined;
}

/** Why a training ended. */
export type TrainingEnd = 'epochs' | 'patience' | 'time';

/** What a training has found. */
export interface TrainingResult {
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly statistics: ReadonlyMap<string, Float32Array>;
  readonly history: readonly EpochRecord[];
  readonly steps: number;
  readonly before: ValidationMeasure | undefined;
  readonly best: ValidationMeasure | undefined;
  readonly bestEpoch: number | undefined;
  readonly end: TrainingEnd;
}

const DEFAULT_EPOCHS = 20;
const DEFAULT_BATCH = 32;
/** Numbers that are updated at once. */
const PIECE = 2 ** 18;

/** The beginning of a training. */
export function initialState(plan: TrainingPlan, optimizer: Pick<Optimizer, 'slots'>): TrainingState {
  const arrays = emptyArrays();
  for (const [name, { values }] of plan.parameters) {
    arrays.parameters.set(name, values.slice());
    if (!plan.training.gradients.has(name)) continue;
    for (let slot = 0; slot < optimizer.slots; slot++)
      arrays.slots.set(`${name}/${slot}`, new Float32Array(values.length));
  }
  for (const [name, { values }] of plan.statistics) arrays.statistics.set(name, values.slice());
  return { step: 0, lossSum: 0, stale: 0, before: undefined, best: undefined, history: [], arrays };
}

/** How many samples a step has, and how many steps an epoch. */
export function trainingLength(
  samples: number,
  { epochs = DEFAULT_EPOCHS, batchSize = DEFAULT_BATCH }: Pick<TrainingOptions, 'epochs' | 'batchSize'>,
): TrainingLength & { readonly batchSize: number } {
  const batch = Math.min(batchSize, samples);
  return { epochs, batchSize: batch, stepsPerEpoch: Math.floor(samples / batch) };
}

/** One training: the state changes in place, so that whoever holds it sees how far it got. */
export class TrainLoop {
  private readonly optimizer: Optimizer;
  private readonly length: ReturnType<typeof trainingLength>;
  private readonly patterns: KeptPatterns;
  /** Step whose state the checkpoint holds. */
  private savedStep: number | undefined;
  private readonly started = performance.now();

  constructor(
    private readonly plan: TrainingPlan,
    private readonly samples: TrainingSamples,
    private readonly state: TrainingState,
    private readonly options: TrainingOptions & { readonly fingerprint: string },
  ) {
    this.optimizer = createOptimizer(options);
    this.length = trainingLength(samples.train.length, options);
    this.patterns = new KeptPatterns(plan.parameters, options);
    // A state that is not at its beginning came from there.
    if (options.checkpoint !== undefined && state.step > 0) this.savedStep = state.step;
  }

  /**
   * Trains until the end, from wherever the state is.
   *
   * @throws {TensorRTError} ERR_TRT_RUN_ABORTED, the checkpoint written; ERR_TRT_COMPRESS_DIVERGED where the loss is no number
   */
  async run(): Promise<TrainingResult> {
    const sessions = await openSessions(this.plan, this.options, this.samples.validation !== undefined);
    try {
      return this.result(await this.epochs(sessions));
    } finally {
      await sessions.training.close();
      await sessions.evaluation?.close();
    }
  }

  private async epochs(sessions: Sessions): Promise<TrainingEnd> {
    const { epochs, stepsPerEpoch } = this.length;
    if (this.isStale()) return 'patience';
    // A training that was interrupted before its first step has measured already.
    if (this.state.step === 0 && this.state.before === undefined)
      await this.measureBefore(sessions.evaluation);
    while (this.state.step < epochs * stepsPerEpoch) {
      const epoch = Math.floor(this.state.step / stepsPerEpoch);
      const order = shuffled(this.samples.train, epochRandom(this.options.seed ?? 0, epoch));
      for (let at = this.state.step % stepsPerEpoch; at < stepsPerEpoch; at++) {
        await this.beforeStep();
        if (this.isTimeOver()) {
          await this.save();
          return 'time';
        }
        await this.step(
          sessions.training,
          order.subarray(at * this.length.batchSize, (at + 1) * this.length.batchSize),
        );
      }
      await this.endEpoch(sessions.evaluation, epoch);
      if (this.isStale()) return 'patience';
    }
    return 'epochs';
  }

  /** An interrupted training leaves its state behind. */
  private async beforeStep(): Promise<void> {
    const { signal, checkpointSteps } = this.options;
    const { step } = this.state;
    const isDue = checkpointSteps !== undefined && step > 0 && step % checkpointSteps === 0;
    if (isDue || signal?.aborted === true) await this.save();
    throwIfAborted(signal);
  }

  private async step(session: TrainerSession, batch: Uint32Array): Promise<void> {
    const { plan, state, length } = this;
    const outputs = await session.run(
      feedsOf(plan.training.model, plan, state, this.samples.source.read(batch)),
    );
    const loss = numberOf(outputs, plan.training.parts.get('loss')!);
    if (!Number.isFinite(loss)) throw this.diverged('loss', loss);
    const rate = this.optimizer.learningRate * learningRateShare(state.step, this.options, length);
    await this.update(outputs, rate);
    state.step++;
    state.lossSum += loss;
    this.options.onProgress?.({
      epoch: Math.floor((state.step - 1) / length.stepsPerEpoch) + 1,
      epochs: length.epochs,
      step: state.step,
      steps: length.epochs * length.stepsPerEpoch,
      loss,
      learningRate: rate,
    });
  }

  private async update(outputs: RunnerOutputs, rate: number): Promise<void> {
    const { arrays } = this.state;
    const gradients = [...this.plan.training.gradients].map(
      ([name, output]) => [name, outputs[output]!.data as Float32Array] as const,
    );
    for (const [name, gradient] of gradients) this.patterns.limitGradient(name, gradient);
    const length = clipGradients(
      gradients.map(([, gradient]) => gradient),
      this.options.clipNorm,
    );
    if (!Number.isFinite(length)) throw this.diverged('length of the gradient', length);
    for (const [name, gradient] of gradients) {
      await this.updateParameter(name, gradient, rate);
      this.patterns.limitValues(name, arrays.parameters.get(name)!);
    }
    for (const { mean, variance, batchMean, batchVariance, momentum } of this.plan.training.statistics) {
      remember(arrays.statistics.get(mean), outputs[batchMean]!.data as Float32Array, momentum);
      remember(arrays.statistics.get(variance), outputs[batchVariance]!.data as Float32Array, momentum);
    }
  }

  /** A piece at a time: other work of the process goes on between two pieces of large models. */
  private async updateParameter(name: string, gradient: Float32Array, rate: number): Promise<void> {
    const { parameters, slots } = this.state.arrays;
    const values = parameters.get(name)!;
    const own = Array.from({ length: this.optimizer.slots }, (_, slot) => slots.get(`${name}/${slot}`)!);
    const isDecayed = this.plan.parameters.get(name)!.dims.length > 1;
    for (let at = 0; at < values.length; at += PIECE) {
      const piece = (whole: Float32Array): Float32Array => whole.subarray(at, at + PIECE);
      const part = { values: piece(values), gradient: piece(gradient), slots: own.map(piece), isDecayed };
      this.optimizer.update(part, this.state.step + 1, rate);
      if (values.length > PIECE) await setImmediate();
    }
  }

  /** Training may make a model worse than it was. */
  private async measureBefore(session: TrainerSession | undefined): Promise<void> {
    throwIfAborted(this.options.signal);
    const before = await this.measure(session);
    if (before === undefined) return;
    this.state.before = before;
    this.keepBest(0, before);
  }

  private async measure(session: TrainerSession | undefined): Promise<ValidationMeasure | undefined> {
    const { plan, state, samples } = this;
    if (session === undefined) return undefined;
    return measureModel(plan, samples.validation!, {
      run: (data) => session.run(feedsOf(plan.evaluation.model, plan, state, data)),
      batchSize: this.length.batchSize,
    });
  }

  private async endEpoch(session: TrainerSession | undefined, epoch: number): Promise<void> {
    const { state, length } = this;
    const loss = state.lossSum / length.stepsPerEpoch;
    const learningRate =
      this.optimizer.learningRate * learningRateShare(state.step - 1, this.options, length);
    state.lossSum = 0;
    const validation = await this.measure(session);
    const record = {
      epoch: epoch + 1,
      loss,
      learningRate,
      ...(validation === undefined ? {} : { validation }),
    };
    this.checkValues();
    state.history.push(record);
    if (validation !== undefined) this.keepBest(record.epoch, validation);
    await this.save();
    const { step } = state;
    this.options.onProgress?.({
      ...record,
      epochs: length.epochs,
      step,
      steps: length.epochs * length.stepsPerEpoch,
    });
  }

  private keepBest(epoch: number, measure: ValidationMeasure): void {
    const { state } = this;
    if (state.best !== undefined && !isBetter(measure, state.best.measure)) {
      state.stale++;
      return;
    }
    state.stale = 0;
    state.best = { epoch, measure };
    const { arrays } = state;
    for (const [name, values] of arrays.parameters) arrays.bestParameters.set(name, values.slice());
    for (const [name, values] of arrays.statistics) arrays.bestStatistics.set(name, values.slice());
  }

  private isStale(): boolean {
    const { patience } = this.options;
    return patience !== undefined && this.state.stale >= patience;
  }

  private isTimeOver(): boolean {
    const { timeLimit } = this.options;
    return timeLimit !== undefined && performance.now() - this.started >= 1000 * timeLimit;
  }

  private async save(): Promise<void> {
    const { checkpoint, fingerprint } = this.options;
    if (checkpoint === undefined) return;
    this.checkValues();
    await writeCheckpoint(checkpoint, this.state, fingerprint);
    this.savedStep = this.state.step;
  }

  /** A step may have made weights infinite, whose loss nobody has seen yet: neither a checkpoint nor a model gets them. */
  private checkValues(): void {
    const { parameters, statistics } = this.state.arrays;
    for (const values of [...parameters.values(), ...statistics.values()]) {
      const found = values.find((value) => !Number.isFinite(value));
      if (found !== undefined) throw this.diverged('weights', found, this.state.step);
    }
  }

  private diverged(what: string, value: number, step = this.state.step + 1): TensorRTError {
    const { learningRate } = this.optimizer;
    const { savedStep } = this;
    const { checkpoint } = this.options;
    const kept =
      savedStep === undefined
        ? ''
        : ` The checkpoint "${checkpoint}" holds the state after step ${savedStep}.`;
    const advice =
      savedStep === undefined
        ? 'Try a tenth of the learning rate, clipNorm 1 or a longer warm-up'
        : 'The same call with a tenth of the learning rate, clipNorm 1 or a longer warm-up goes on from the checkpoint';
    return new TensorRTError(
      'ERR_TRT_COMPRESS_DIVERGED',
      `The ${what} became ${value} at step ${step}; the learning rate is ${learningRate}.${kept}`,
      {
        hint: `${advice}; where it is the first step, look for NaN in data and weights.`,
        details: {
          step,
          [what === 'loss' ? 'loss' : 'value']: String(value),
          learningRate,
          ...(savedStep === undefined ? {} : { checkpoint, checkpointStep: savedStep }),
        },
      },
    );
  }

  private result(end: TrainingEnd): TrainingResult {
    const { best, before, arrays, history, step } = this.state;
    return {
      parameters: best === undefined ? arrays.parameters : arrays.bestParameters,
      statistics: best === undefined ? arrays.statistics : arrays.bestStatistics,
      history,
      steps: step,
      before,
      best: best?.measure,
      bestEpoch: best?.epoch,
      end,
    };
  }
}

interface Sessions {
  readonly training: TrainerSession;
  readonly evaluation: TrainerSession | undefined;
}

async function openSessions(
  plan: TrainingPlan,
  { trainer }: TrainingOptions,
  isMeasured: boolean,
): Promise<Sessions> {
  const training = await openTrainerSession(plan.training.model, trainer);
  try {
    const evaluation = isMeasured ? await openTrainerSession(plan.evaluation.model, trainer) : undefined;
    return { training, evaluation };
  } catch (error) {
    await training.close();
    throw error;
  }
}

/** What a graph takes: data, parameters, statistics. */
function feedsOf(
  { graph }: OnnxModel,
  plan: TrainingPlan,
  { arrays }: Pick<TrainingState, 'arrays'>,
  data: Readonly<Record<string, TrainingTensor>>,
): Record<string, TrainingTensor> {
  const feeds: Record<string, TrainingTensor> = {};
  for (const { name } of graph.input) {
    const values = arrays.parameters.get(name) ?? arrays.statistics.get(name);
    const dims = (plan.parameters.get(name) ?? plan.statistics.get(name))?.dims;
    const feed = values === undefined ? data[name] : { data: values, dims: dims! };
    // An input with a default value.
    if (feed === undefined && graph.initializer.some((tensor) => tensor.name === name)) continue;
    if (feed === undefined)
      throw new TensorRTError('ERR_TRT_ARG_VALUE', `The training data has nothing for input "${name}".`, {
        details: { input: name, given: Object.keys(data) },
      });
    feeds[name] = feed;
  }
  return feeds;
}

function remember(old: Float32Array | undefined, found: Float32Array, momentum: number): void {
  if (old === undefined) return;
  for (let i = 0; i < old.length; i++) old[i] = old[i]! * momentum + found[i]! * (1 - momentum);
}

/** Accuracy counts where there is one; the loss decides between equal ones. */
function isBetter({ loss, accuracy }: ValidationMeasure, best: ValidationMeasure): boolean {
  if (accuracy !== undefined && best.accuracy !== undefined && accuracy !== best.accuracy)
    return accuracy > best.accuracy;
  // Whatever is a number is better than what is none.
  return loss < best.loss || (Number.isNaN(best.loss) && !Number.isNaN(loss));
}
