// SPDX-License-Identifier: Apache-2.0
import { integer, valueError } from '../../option-checks';
import { runOperator } from '../run-operator';
import { specOf, type OperatorPlan, type OperatorTensor, type Placed, type TensorSpec } from '../tensor-spec';
import { FRAME_OPTIONS, MAX_FRAME, planFrames, type FrameOptions, type FramePlan } from './frame-options';

/** Options of spectra. */
export interface SpectrumOptions extends FrameOptions {
  /**
   * Length of the Fourier transform: each frame has zeros put behind it up to this. From `frameLength` to 8192, odd ones
   * to 4095. Lengths with no factors but 2, 3 and 5 are fast; one prime factor of 4000 takes hundreds of times as long.
   * Default: `frameLength`.
   */
  fftLength?: number;
}

/** Names of the options above. */
export const SPECTRUM_OPTIONS = [...FRAME_OPTIONS, 'fftLength'] as const;

/** Settings of a spectrum, checked. */
export interface SpectrumPlan extends FramePlan {
  readonly fftLength: number;
}

/** @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION`, `ERR_TRT_ARG_TENSOR`. */
export function planTransform(
  signal: TensorSpec,
  options: SpectrumOptions,
  { operator, known, power }: { operator: string; known: readonly string[]; power: 1 | 2 },
): SpectrumPlan {
  const plan = planFrames(signal, options, { operator, known, defaults: { center: true, window: 'hann' } });
  const { fftLength = plan.frameLength } = options;
  integer(plan.frameLength, MAX_FRAME)('fftLength', fftLength);
  if (fftLength % 2 !== 0 && fftLength >= MAX_FRAME / 2)
    throw valueError('fftLength', fftLength, `even, or less than ${MAX_FRAME / 2}`);
  return { ...plan, attributes: { ...plan.attributes, fftLength, power }, fftLength };
}

function planSpectrum(
  signal: TensorSpec,
  options: SpectrumOptions,
  { operator, power }: { operator: string; power: 1 | 2 },
): OperatorPlan {
  const plan = planTransform(signal, options, { operator, known: SPECTRUM_OPTIONS, power });
  const bins = Math.floor(plan.fftLength / 2) + 1;
  return {
    operator: 'powerSpectrum',
    attributes: plan.attributes,
    outputs: [{ type: 'float32', dims: [...plan.outer, plan.frames, bins] }],
  };
}

/**
 * Plans {@link powerSpectrum}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link powerSpectrum}.
 */
export function planPowerSpectrum([signal]: readonly [TensorSpec], options: SpectrumOptions): OperatorPlan {
  return planSpectrum(signal, options, { operator: 'powerSpectrum', power: 2 });
}

/**
 * Plans {@link stftMagnitude}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link stftMagnitude}.
 */
export function planStftMagnitude([signal]: readonly [TensorSpec], options: SpectrumOptions): OperatorPlan {
  return planSpectrum(signal, options, { operator: 'stftMagnitude', power: 1 });
}

/**
 * Power of each frequency in each frame of signals: the short-time Fourier transform's squared magnitude.
 *
 * `P[n, f, k] = |sum over i of frame[n, f, i] * exp(-2 pi i k j / fftLength)|^2` for `k = 0 .. fftLength / 2` (rounded
 * down), `frame` as {@link frameSignal} gives it. Frequency `k` is `k * sampleRate / fftLength` Hz. Computed in float32:
 * the error of a frequency is some 1e-7 of the frame's strongest, so that what is more than 120 dB below that is noise.
 * A frame with NaN is NaN in all frequencies; one with an infinite number is infinite or NaN.
 *
 * @param signal - `[T]` or `[N, T]`, `float32` or `int16`; at least one sample, and without `center` one frame.
 * @returns `float32` `[F, K]` or `[N, F, K]`: frames by frequencies (`librosa.stft` and `torch.stft` have them the other
 *   way round).
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION` for options,
 *   `ERR_TRT_ARG_TENSOR` for the signal; as every operator for device tensors and aborted calls.
 * @see `torch.stft`, `librosa.stft`, `scipy.signal.ShortTimeFFT`.
 */
export async function powerSpectrum<T extends OperatorTensor>(
  signal: T,
  options: SpectrumOptions,
): Promise<Placed<T, Float32Array>> {
  const plan = planPowerSpectrum(
    [specOf(signal, { operator: 'powerSpectrum', argument: 'the signal' })],
    options,
  );
  const [powers] = await runOperator({ ...plan, inputs: [signal] }, options);
  return powers as Placed<T, Float32Array>;
}

/**
 * Magnitude of each frequency in each frame of signals: the square root of what {@link powerSpectrum} gives.
 *
 * @param signal - `[T]` or `[N, T]`, `float32` or `int16`.
 * @returns `float32` `[F, K]` or `[N, F, K]`, `K = fftLength / 2 + 1` rounded down.
 * @throws {TensorRTError} As {@link powerSpectrum}.
 */
export async function stftMagnitude<T extends OperatorTensor>(
  signal: T,
  options: SpectrumOptions,
): Promise<Placed<T, Float32Array>> {
  const plan = planStftMagnitude(
    [specOf(signal, { operator: 'stftMagnitude', argument: 'the signal' })],
    options,
  );
  const [magnitudes] = await runOperator({ ...plan, inputs: [signal] }, options);
  return magnitudes as Placed<T, Float32Array>;
}
