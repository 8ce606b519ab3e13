// SPDX-License-Identifier: Apache-2.0
import { oneOf, rejectUnknownOptions } from '../../option-checks';
import { runOperator } from '../run-operator';
import { specOf, type OperatorPlan, type OperatorTensor, type Placed, type TensorSpec } from '../tensor-spec';
import { checkOptions, FLOAT32_MAX, numberFrom } from './frame-options';
import { MEL_OPTIONS, planMels, type MelOptions } from './mel-spectrogram';

/** Options of logarithmic mel spectra besides a preset's. */
export interface LogMelSettings extends MelOptions {
  /** Natural, to base 10, or decibels (10 log10). Default: `'natural'`. */
  log?: 'natural' | 'log10' | 'decibel';
  /** Energies below this count as this; at least 1.2e-38. Default: 1e-10. */
  floor?: number;
  /**
   * Raises logarithms to at least the signal's greatest less this: 8 for Whisper, 80 for librosa's decibels. 0 for no
   * such bound. Default: 0.
   */
  range?: number;
  /** Added to the logarithm, after `range`. Default: 0. */
  offset?: number;
  /** What the sum of logarithm and `offset` is multiplied by. Default: 1. */
  multiplier?: number;
}

/** A preset by name: see {@link LOG_MEL_PRESETS}. */
export type LogMelPreset = 'whisper' | 'kaldi-fbank' | 'librosa';

/** Options of {@link logMel}; with a preset, all others may be left out, and those that are given win over it. */
export type LogMelOptions =
  (Partial<LogMelSettings> & { preset: LogMelPreset }) | (LogMelSettings & { preset?: undefined });

/**
 * The settings of the presets.
 *
 * - `whisper`: OpenAI's Whisper for 30 seconds of 16 kHz: `[80, 3000]`, `(max(log10(mel), greatest - 8) + 4) / 4`. Set
 *   `mels: 128` for large-v3; `signalLength: null` for clips of their own length.
 * - `kaldi-fbank`: Kaldi's `compute-fbank-feats` and torchaudio's `kaldi.fbank` without dither, 25 ms frames every
 *   10 ms at 16 kHz: `[frames, 23]`. Samples from -1 to 1 are scaled to the range of int16 as Kaldi reads it; set
 *   `scale: 1` for models trained without.
 * - `librosa`: `librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=22050))`: `[128, frames]`.
 */
export const LOG_MEL_PRESETS: Readonly<Record<LogMelPreset, Readonly<LogMelSettings>>> = {
  whisper: {
    sampleRate: 16000,
    frameLength: 400,
    hopLength: 160,
    dropLastFrame: true,
    signalLength: 480000,
    mels: 80,
    melNorm: 'slaney',
    log: 'log10',
    range: 8,
    offset: 4,
    multiplier: 0.25,
  },
  'kaldi-fbank': {
    sampleRate: 16000,
    frameLength: 400,
    hopLength: 160,
    fftLength: 512,
    center: false,
    window: 'povey',
    removeDc: true,
    preEmphasis: 0.97,
    scale: 32768,
    mels: 23,
    fMin: 20,
    melScale: 'kaldi',
    log: 'natural',
    // float32's epsilon.
    floor: 2 ** -23,
    layout: 'frames-first',
  },
  librosa: {
    sampleRate: 22050,
    frameLength: 2048,
    hopLength: 512,
    padMode: 'constant',
    mels: 128,
    melNorm: 'slaney',
    log: 'decibel',
    range: 80,
  },
};

const LOG_MEL_OPTIONS = [...MEL_OPTIONS, 'preset', 'log', 'floor', 'range', 'offset', 'multiplier'] as const;
const ANY_NUMBER = numberFrom(-FLOAT32_MAX, FLOAT32_MAX);
const CHECKS = {
  preset: oneOf(...Object.keys(LOG_MEL_PRESETS)),
  log: oneOf('natural', 'log10', 'decibel'),
  floor: numberFrom(1.2e-38, FLOAT32_MAX),
  range: numberFrom(0, FLOAT32_MAX),
  offset: ANY_NUMBER,
  multiplier: ANY_NUMBER,
};

/**
 * Plans {@link logMel}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link logMel}.
 */
export function planLogMel([signal]: readonly [TensorSpec], options: LogMelOptions): OperatorPlan {
  rejectUnknownOptions('logMel', options, LOG_MEL_OPTIONS);
  checkOptions(options, CHECKS);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const preset = options.preset === undefined ? undefined : LOG_MEL_PRESETS[options.preset];
  const settings = { ...preset, ...Object.fromEntries(given) } as LogMelSettings;
  const { log = 'natural', floor = 1e-10, range = 0, offset = 0, multiplier = 1 } = settings;
  return planMels(signal, settings, {
    operator: 'logMel',
    known: LOG_MEL_OPTIONS,
    attributes: { log, floor, range, offset, multiplier },
  });
}

/**
 * Logarithms of the energy of signals in mel bands, what speech models eat: frames, window, Fourier transform, bands and
 * logarithm in one pass, and with `range` a second one over the result.
 *
 * `L[n, m, f] = (max(log(max(M[n, m, f], floor)), greatest[n] - range) + offset) * multiplier`, `M` as
 * {@link melSpectrogram} gives it, `greatest[n]` the greatest logarithm of signal `n`. A band with NaN is NaN; with
 * `range` the whole signal is.
 *
 * @param signal - `[T]` or `[N, T]`, `float32` or `int16` (divided by 32768); at least one sample, and without `center`
 *   one frame.
 * @returns `float32` `[mels, F]` or `[N, mels, F]`; with `layout: 'frames-first'` `[F, mels]` or `[N, F, mels]`.
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION` for options,
 *   `ERR_TRT_ARG_TENSOR` for the signal; as every operator for device tensors and aborted calls.
 * @example
 * ```ts
 * const { samples } = readWav(await readFile('speech.wav'));
 * const features = await logMel(samples, { preset: 'whisper' });
 * ```
 * @see `WhisperFeatureExtractor` of transformers, `torchaudio.compliance.kaldi.fbank`, `librosa.power_to_db`.
 */
export async function logMel<T extends OperatorTensor>(
  signal: T,
  options: LogMelOptions,
): Promise<Placed<T, Float32Array>> {
  const plan = planLogMel([specOf(signal, { operator: 'logMel', argument: 'the signal' })], options);
  const [mels] = await runOperator({ ...plan, inputs: [signal] }, options);
  return mels as Placed<T, Float32Array>;
}
