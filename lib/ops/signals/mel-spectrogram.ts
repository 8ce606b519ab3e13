// SPDX-License-Identifier: Apache-2.0
import { integer, oneOf } from '../../option-checks';
import { runOperator } from '../run-operator';
import {
  specOf,
  type OperatorAttributes,
  type OperatorPlan,
  type OperatorTensor,
  type Placed,
  type TensorSpec,
} from '../tensor-spec';
import { checkOptions, numberFrom } from './frame-options';
import { planTransform, SPECTRUM_OPTIONS, type SpectrumOptions } from './power-spectrum';

/** Options of mel spectra. */
export interface MelOptions extends SpectrumOptions {
  /** Samples per second. */
  sampleRate: number;
  /** Number of mel bands, at most the number of frequencies. */
  mels: number;
  /** Where the lowest band begins, in Hz. Default: 0. */
  fMin?: number;
  /** Where the highest band ends, in Hz, at most half of `sampleRate`. Default: half of `sampleRate`. */
  fMax?: number;
  /**
   * The mel scale: `'slaney'` (linear to 1 kHz, then logarithmic; librosa's default), `'htk'` (2595 log10(1 + f / 700)),
   * or `'kaldi'` (that of HTK, with bands that are triangles over mels instead of Hz). Default: `'slaney'`.
   */
  melScale?: 'slaney' | 'htk' | 'kaldi';
  /** `'slaney'` divides each band by half of its width in Hz (not with the scale `'kaldi'`). Default: `'none'`. */
  melNorm?: 'none' | 'slaney';
  /** What bands add up: magnitudes (1) or powers (2). Default: 2. */
  power?: 1 | 2;
  /** Order of the result: `[mels, frames]` (Whisper, librosa) or `[frames, mels]` (Kaldi). Default: `'mels-first'`. */
  layout?: 'mels-first' | 'frames-first';
}

/** Names of the options above. */
export const MEL_OPTIONS = [
  ...SPECTRUM_OPTIONS,
  'sampleRate',
  'mels',
  'fMin',
  'fMax',
  'melScale',
  'melNorm',
  'power',
  'layout',
] as const;

const CHECKS = {
  melScale: oneOf('slaney', 'htk', 'kaldi'),
  melNorm: oneOf('none', 'slaney'),
  power: integer(1, 2),
  layout: oneOf('mels-first', 'frames-first'),
};

/** Settings of what follows the bands. */
export interface MelFinish {
  readonly operator: string;
  readonly known: readonly string[];
  readonly attributes: OperatorAttributes;
}

/** @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION`, `ERR_TRT_ARG_TENSOR`. */
export function planMels(signal: TensorSpec, options: MelOptions, finish: MelFinish): OperatorPlan {
  checkOptions(options, CHECKS);
  const { sampleRate, mels, melScale = 'slaney', power = 2 } = options;
  const { operator, known } = finish;
  const plan = planTransform(signal, options, { operator, known, power });
  numberFrom(1, 1e9)('sampleRate', sampleRate);
  integer(1, Math.floor(plan.fftLength / 2) + 1)('mels', mels);
  const { fMin = 0, fMax = sampleRate / 2 } = options;
  numberFrom(0, sampleRate / 2)('fMin', fMin);
  numberFrom(0, sampleRate / 2)('fMax', fMax);
  // Bands need a width.
  numberFrom(fMin + sampleRate * 1e-6, sampleRate / 2)('fMax', fMax);
  if (melScale === 'kaldi') oneOf('none')('melNorm', options.melNorm ?? 'none');
  const melsFirst = options.layout !== 'frames-first';
  return {
    operator: 'melSpectrogram',
    attributes: {
      ...plan.attributes,
      sampleRate,
      mels,
      fMin,
      fMax,
      melScale,
      melNorm: options.melNorm ?? 'none',
      melsFirst,
      ...finish.attributes,
    },
    outputs: [
      {
        type: 'float32',
        dims: [...plan.outer, ...(melsFirst ? [mels, plan.frames] : [plan.frames, mels])],
      },
    ],
  };
}

/**
 * Plans {@link melSpectrogram}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link melSpectrogram}.
 */
export function planMelSpectrogram([signal]: readonly [TensorSpec], options: MelOptions): OperatorPlan {
  return planMels(signal, options, {
    operator: 'melSpectrogram',
    known: MEL_OPTIONS,
    attributes: { log: 'none', floor: 0, range: 0, offset: 0, multiplier: 1 },
  });
}

/**
 * Energy of signals in mel bands: frames, window, Fourier transform, and bands, in one pass.
 *
 * `M[n, m, f] = sum over k of weight[m, k] * P[n, f, k]`, `P` as {@link powerSpectrum} (or, with `power: 1`,
 * `stftMagnitude`) gives it. Bands are triangles from the centre of the band below to that of the one above, spaced
 * evenly in mels from `fMin` to `fMax`. A band between two frequencies of the transform is 0: take fewer `mels` or a
 * longer `fftLength`. NaN and infinity as for {@link powerSpectrum}.
 *
 * @param signal - `[T]` or `[N, T]`, `float32` or `int16`; at least one sample, and without `center` one frame.
 * @returns `float32` `[mels, F]` or `[N, mels, F]`; with `layout: 'frames-first'` `[F, mels]` or `[N, F, mels]`.
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION` for options,
 *   `ERR_TRT_ARG_TENSOR` for the signal; as every operator for device tensors and aborted calls.
 * @see `librosa.feature.melspectrogram`, `torchaudio.transforms.MelSpectrogram`.
 */
export async function melSpectrogram<T extends OperatorTensor>(
  signal: T,
  options: MelOptions,
): Promise<Placed<T, Float32Array>> {
  const plan = planMelSpectrogram(
    [specOf(signal, { operator: 'melSpectrogram', argument: 'the signal' })],
    options,
  );
  const [mels] = await runOperator({ ...plan, inputs: [signal] }, options);
  return mels as Placed<T, Float32Array>;
}
