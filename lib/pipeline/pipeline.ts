// SPDX-License-Identifier: Apache-2.0
import { TensorRTError } from '../errors';
import type { Session } from '../index';
import { describeType } from '../option-checks';
import { checkCallOptions, type CallOptions } from '../runtime/call-options';
import { CallsInFlight } from '../runtime/calls-in-flight';
import type { DeviceTensor } from '../runtime/device-tensor';
import type { GpuName } from '../runtime/gpu-device';
import type { Tensor } from '../runtime/tensor';
import { planPieces, type BatchRange } from './batch-limits';
import type { PipelineInputs, PipelineResults } from './results';
import type { PipelineSpec, PipelineTask } from './spec/pipeline-spec';
import { StageClock, type PipelineStatistics } from './stage-clock';
import type { GivenTensors, OtherInputs } from './stages/other-inputs';
import { DeviceScope, throwIfAborted, type InputStage, type OutputStage } from './stages/stage';

export type { PipelineStage, PipelineStatistics } from './stage-clock';

/** What a pipeline is made of. `C` is an input that was checked. */
export interface PipelineParts<T extends PipelineTask, C = unknown> {
  readonly session: Session;
  /** Whether the pipeline made the session, and closes it. */
  readonly ownsSession: boolean;
  readonly spec: Extract<PipelineSpec, { task: T }>;
  /** Name of the model's input. */
  readonly input: string;
  readonly ranges: readonly BatchRange[];
  readonly threads: number | undefined;
  readonly before: InputStage<PipelineInputs[T], C>;
  readonly after: OutputStage<PipelineResults[T]>;
  /** The model's inputs beside the one above. */
  readonly others: OtherInputs;
}

/** Options of {@link Pipeline.run}. */
export interface PipelineRunOptions extends CallOptions {
  /**
   * For inputs that the spec has as `{ "kind": "given" }`: a tensor on the host with a row for each image or sound of the
   * call.
   */
  others?: GivenTensors;
}

/** A part of a call that one run of the model takes. */
interface Piece {
  /** Places of its inputs in the call. */
  readonly places: readonly number[];
  /** With padding. */
  readonly batch: number;
}

/** What is known of a call while it runs. */
interface RunningCall {
  readonly given: GivenTensors;
  /** Inputs of the call. */
  readonly count: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * A session with what comes before and after it: takes images or sounds, gives labels, boxes or vectors. Made by
 * `createPipeline()`. Close it when done.
 *
 * @typeParam T - Its task, which decides what it takes and gives.
 */
export class Pipeline<T extends PipelineTask = PipelineTask> {
  /** The session that runs the model. */
  readonly session: Session;
  /** What is done before and after it. */
  readonly spec: Extract<PipelineSpec, { task: T }>;

  readonly #parts: PipelineParts<T>;
  readonly #clock = new StageClock();
  readonly #calls = new CallsInFlight();

  /** @internal Use `createPipeline()`. */
  constructor(parts: PipelineParts<T>) {
    this.session = parts.session;
    this.spec = parts.spec;
    this.#parts = parts;
  }

  /**
   * Runs the model on all inputs and gives their results in order. Nothing of it blocks the event loop but copies, and
   * the reading of WAV files.
   *
   * More inputs than one run of the model takes are run in pieces, the next of which is decoded meanwhile; where the
   * model's batch is fixed the last piece is filled up. Calls may overlap. Bytes and pixels are read in place: do not
   * change them before the promise has settled.
   *
   * All inputs are checked before any is run. One that is wrong, or cannot be decoded, rejects the call; its place is in
   * `details.index` or `details.image`.
   *
   * @param inputs - None give no results, and run nothing.
   * @param options - `signal` withdraws the call between its stages and while it waits for the session; `others` are
   *   tensors for further inputs of the model.
   * @throws {TensorRTError} `ERR_TRT_RUN_IMAGE_DECODE`, `ERR_TRT_RUN_IMAGE_LIMIT`, `ERR_TRT_ARG_IMAGE`, `ERR_TRT_ARG_*`
   *   for inputs; `ERR_TRT_LOAD_SHARP_NOT_FOUND`; `ERR_TRT_RUN_ABORTED`, `ERR_TRT_RUN_CLOSED`, and what
   *   `Session.run()` throws.
   */
  async run(
    inputs: readonly PipelineInputs[T][],
    options: PipelineRunOptions = {},
  ): Promise<PipelineResults[T][]> {
    this.#requireOpen();
    checkCallOptions('run', options, ['signal', 'others']);
    if (!Array.isArray(inputs))
      throw new TensorRTError(
        'ERR_TRT_ARG_TYPE',
        `Pipeline.run() takes a list of inputs, not ${describeType(inputs)}.`,
        { hint: 'Put a single input in a list: run([image]).' },
      );
    const given = this.#parts.others.check(options.others, inputs.length);
    const call = { given, count: inputs.length, signal: options.signal };
    const list = [...(inputs as readonly PipelineInputs[T][])];
    const results = await this.#calls.track(this.#runAll(list, call));
    this.#clock.called(results.length);
    return results;
  }

  /** What the pipeline has done since it was made. */
  statistics(): PipelineStatistics {
    return this.#clock.read();
  }

  /**
   * Waits for calls in flight and closes the session, unless that was given to `createPipeline()`. Closing again does
   * nothing.
   *
   * @throws {TensorRTError} What `Session.close()` throws.
   */
  close(): Promise<void> {
    return this.#calls.close(async () => {
      if (this.#parts.ownsSession) await this.session.close();
    });
  }

  /** The same as {@link Pipeline.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #requireOpen(): void {
    if (this.#calls.isClosing)
      throw new TensorRTError('ERR_TRT_RUN_CLOSED', 'The pipeline is closed.', {
        hint: 'Make a new one with createPipeline(); a closed pipeline cannot be used again.',
      });
  }

  async #runAll(inputs: PipelineInputs[T][], call: RunningCall): Promise<PipelineResults[T][]> {
    const { before } = this.#parts;
    const { signal } = call;
    const checked = before.check(inputs);
    const pieces = this.#plan(checked);
    const results: PipelineResults[T][] = [];
    const decode = ({ places }: Piece): Promise<unknown[]> => {
      const work = this.#clock.time('decode', () => before.decode(places.map((place) => checked[place])));
      // Waited for when its turn comes; a failure before that is no unhandled one.
      work.catch(() => undefined);
      return work;
    };
    let next = pieces.length > 0 ? decode(pieces[0]!) : undefined;
    for (const [index, piece] of pieces.entries()) {
      const ready = await next!;
      throwIfAborted(signal);
      next = index + 1 < pieces.length ? decode(pieces[index + 1]!) : undefined;
      const found = await this.#runPiece(piece, ready, call);
      found.forEach((result, row) => (results[piece.places[row]!] = result));
    }
    return results;
  }

  /** Inputs that fit each other, in as few runs as the model allows. */
  #plan(checked: readonly unknown[]): Piece[] {
    const groups = new Map<string, number[]>();
    checked.forEach((input, place) => {
      const key = this.#parts.before.groupOf(input);
      const places = groups.get(key);
      if (places) places.push(place);
      else groups.set(key, [place]);
    });
    return [...groups.values()].flatMap((places) =>
      planPieces(places.length, this.#parts.ranges).map(({ start, count, batch }) => ({
        places: places.slice(start, start + count),
        batch,
      })),
    );
  }

  async #runPiece(
    { batch, places }: Piece,
    ready: readonly unknown[],
    { signal, ...call }: RunningCall,
  ): Promise<PipelineResults[T][]> {
    const { before, after, others, threads, session, input } = this.#parts;
    const scope = new DeviceScope();
    const context = { device: session.device as 'cpu' | GpuName, threads, signal, scope };
    try {
      const { feed, transforms } = await this.#clock.time('pre', () => before.prepare(ready, batch, context));
      throwIfAborted(signal);
      const outputs = await this.#clock.time('model', () =>
        this.#runModel({ ...others.feeds({ ...call, places, batch, transforms }), [input]: feed }, signal),
      );
      for (const output of Object.values(outputs)) scope.keep(output);
      throwIfAborted(signal);
      const finished = { count: ready.length, batch, transforms };
      return await this.#clock.time('post', () => after.finish(outputs, finished, context));
    } finally {
      scope.close();
    }
  }

  #runModel(
    feeds: Record<string, Tensor | DeviceTensor>,
    signal: AbortSignal | undefined,
  ): Promise<Record<string, Tensor | DeviceTensor>> {
    const { session, after } = this.#parts;
    const deviceOutputs =
      after.staysOnDevice && session.device !== 'cpu' ? { deviceOutputs: after.outputs } : {};
    return session.run(feeds, {
      outputs: after.outputs,
      ...deviceOutputs,
      ...(signal === undefined ? {} : { signal }),
    });
  }
}
