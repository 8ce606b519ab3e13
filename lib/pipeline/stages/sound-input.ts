// SPDX-License-Identifier: Apache-2.0
// Sounds of a call: read, checked, and made into the logarithmic mel spectra that are the model's input.

import { TensorRTError } from '../../errors';
import { uploadTensor } from '../../index';
import { describeType } from '../../option-checks';
import { LOG_MEL_PRESETS, logMel, planLogMel, type LogMelOptions } from '../../ops/signals/log-mel';
import { readWav } from '../../ops/signals/wav';
import { Tensor } from '../../runtime/tensor';
import type { TensorInfo } from '../../tensor/tensor-info';
import type { PipelineSound, RawSound } from '../results';
import { operatorOptions, type InputStage, type PreparedBatch, type StageContext } from './stage';

/** What a sound stage is made of. */
export interface SoundStageParts {
  readonly settings: LogMelOptions;
  readonly sampleRate: number;
  readonly input: TensorInfo;
}

/** Samples of one channel. */
type Samples = Float32Array | Int16Array;

/** Sounds to the model's input. */
export class SoundInput implements InputStage<PipelineSound, Samples> {
  readonly #parts: SoundStageParts;
  readonly #length: number | null;

  constructor(parts: SoundStageParts) {
    this.#parts = parts;
    const { settings } = parts;
    const preset = settings.preset === undefined ? undefined : LOG_MEL_PRESETS[settings.preset];
    this.#length = { ...preset, ...settings }.signalLength ?? null;
  }

  check(inputs: readonly PipelineSound[]): Samples[] {
    return inputs.map((input, index) => {
      const { samples, sampleRate } = readSound(input, index);
      const wanted = this.#parts.sampleRate;
      if (sampleRate !== wanted)
        throw soundError(index, `has ${sampleRate} samples a second, but the pipeline needs ${wanted}`, {
          expected: wanted,
          received: sampleRate,
          hint: 'Resample it, with ffmpeg -ar for instance: pipelines do not.',
        });
      if (samples.length === 0) throw soundError(index, 'has no samples', {});
      return this.#length === null ? samples : withLength(samples, this.#length);
    });
  }

  /** One run has sounds of one length and type. */
  groupOf(samples: Samples): string {
    return `${samples.constructor.name} ${samples.length}`;
  }

  decode(sounds: readonly Samples[]): Promise<Samples[]> {
    return Promise.resolve([...sounds]);
  }

  async prepare(sounds: readonly Samples[], batch: number, context: StageContext): Promise<PreparedBatch> {
    const { settings, input } = this.#parts;
    const signal = stack(sounds, batch);
    const spec = { type: signal.type, dims: signal.dims };
    const [mels] = planLogMel([spec], settings).outputs;
    this.#requireShape(mels!.dims);
    const hasChannel = input.dims.length === 4;
    const options = { ...settings, ...operatorOptions(context) };
    // A device tensor cannot be given another shape; the results are the same bits wherever they are made.
    if (context.device === 'cpu' || hasChannel) {
      const { type, dims, data } = await logMel(signal, options);
      const [count, ...rest] = dims;
      return { feed: new Tensor(type, hasChannel ? [count!, 1, ...rest] : dims, data), transforms: [] };
    }
    const uploaded = context.scope.keep(await uploadTensor(signal, { device: context.device }));
    return { feed: context.scope.keep(await logMel(uploaded, options)), transforms: [] };
  }

  #requireShape(mels: readonly number[]): void {
    const { dims, name } = this.#parts.input;
    const fits = mels.slice(1).every((size, index) => {
      const wanted = dims[dims.length - 2 + index]!;
      return typeof wanted === 'string' || wanted < 0 || wanted === size;
    });
    if (fits) return;
    throw new TensorRTError(
      'ERR_TRT_ARG_VALUE',
      `The sounds become [${mels.join(', ')}], but the model's "${name}" is [${dims.join(', ')}].`,
      {
        hint: 'Set `signalLength` for a fixed number of frames, and `mels` and `layout` as the model was trained.',
        details: { tensor: name, expected: dims, received: mels },
      },
    );
  }
}

function soundError(
  index: number,
  problem: string,
  { hint, ...details }: { hint?: string } & Record<string, unknown>,
): TensorRTError {
  return new TensorRTError('ERR_TRT_ARG_VALUE', `Sound ${index} ${problem}.`, {
    ...(hint === undefined ? {} : { hint }),
    details: { index, ...details },
  });
}

function readSound(input: PipelineSound, index: number): RawSound {
  if (input instanceof Uint8Array) return readFile(input, index);
  const { samples, sampleRate } = (input ?? {}) as Partial<RawSound>;
  const isRight =
    (samples instanceof Float32Array || samples instanceof Int16Array) && typeof sampleRate === 'number';
  if (isRight) return { samples, sampleRate };
  throw new TensorRTError(
    'ERR_TRT_ARG_TYPE',
    `Sound ${index} must be the bytes of a WAV file (Uint8Array) or { samples, sampleRate } with a Float32Array or an Int16Array, not ${describeType(input)}.`,
    { details: { index, received: describeType(input) } },
  );
}

function readFile(bytes: Uint8Array, index: number): RawSound {
  try {
    const { samples, sampleRate } = readWav(bytes, { mono: true });
    return { samples: samples.data, sampleRate };
  } catch (cause) {
    if (!(cause instanceof TensorRTError)) throw cause;
    const { reason } = cause.details;
    throw soundError(index, `cannot be read: ${String(reason)}`, { reason, hint: cause.hint });
  }
}

function withLength(samples: Samples, length: number): Samples {
  if (samples.length >= length) return samples.subarray(0, length);
  const padded = samples instanceof Int16Array ? new Int16Array(length) : new Float32Array(length);
  padded.set(samples);
  return padded;
}

/** `[batch, T]`, silence behind the last one. */
function stack(sounds: readonly Samples[], batch: number): Tensor<Samples> {
  const [first] = sounds as [Samples];
  const { length } = first;
  const isWhole = first instanceof Int16Array;
  const data = isWhole ? new Int16Array(batch * length) : new Float32Array(batch * length);
  sounds.forEach((samples, index) => data.set(samples, index * length));
  return new Tensor<Samples>(isWhole ? 'int16' : 'float32', [batch, length], data);
}
