// SPDX-License-Identifier: Apache-2.0
// How a signal is cut into frames: what all signal operators share.

import {
  flag,
  integer,
  oneOf,
  rejectUnknownOptions,
  typeError,
  valueError,
  type OptionCheck,
} from '../../option-checks';
import { OPERATOR_OPTIONS, type OperatorOptions } from '../run-operator';
import {
  requireRank,
  requireType,
  tensorError,
  formatSpec,
  type ArgumentName,
  type OperatorAttributes,
  type TensorSpec,
} from '../tensor-spec';

/** A window by name; `povey` is Kaldi's, a Hann window to the power 0.85. */
export type WindowName = 'hann' | 'hamming' | 'blackman' | 'povey' | 'rectangular';

/** How a signal is cut into frames. */
export interface FrameOptions extends OperatorOptions {
  /** Samples of a frame, 1 to 8192. */
  frameLength: number;
  /** Samples from the beginning of a frame to that of the next, at least 1. */
  hopLength: number;
  /**
   * Whether frame `f` has sample `f * hopLength` in its middle, with `frameLength / 2` samples (rounded down) put
   * before and behind the signal; otherwise the frame begins there. Default: `true`, for `frameSignal()` `false`.
   */
  center?: boolean;
  /**
   * What there is before and behind the signal if `center` is set: its mirror image without the end itself, as often
   * as needed, or zeros. Default: `'reflect'`.
   */
  padMode?: 'reflect' | 'constant';
  /**
   * What a frame is multiplied by: a window by name or `frameLength` numbers. Default: `'hann'`, for `frameSignal()`
   * `'rectangular'`.
   */
  window?: WindowName | Float32Array | Float64Array | readonly number[];
  /**
   * Whether a named window is one period of an endless one (as for spectra of SciPy, librosa and PyTorch), or symmetric
   * (Kaldi). Default: `true`, for `'povey'` `false`.
   */
  periodic?: boolean;
  /** Cuts each signal to this many samples or puts zeros behind it before all else. Default: `null`, as it is. */
  signalLength?: number | null;
  /** Leaves out the last frame, as Whisper does. Default: `false`. */
  dropLastFrame?: boolean;
  /** Takes the frame's mean off its samples (Kaldi's `remove_dc_offset`). Default: `false`. */
  removeDc?: boolean;
  /**
   * Takes this part of the sample before off each sample of a frame, of the first one itself: `x[i] - c * x[i - 1]`;
   * 0 to 1. Default: 0.
   */
  preEmphasis?: number;
  /** Multiplies the samples; those of type `int16` are divided by 32768 besides. Default: 1. */
  scale?: number;
}

/** Names of the options above. */
export const FRAME_OPTIONS = [
  ...OPERATOR_OPTIONS,
  'frameLength',
  'hopLength',
  'center',
  'padMode',
  'window',
  'periodic',
  'signalLength',
  'dropLastFrame',
  'removeDc',
  'preEmphasis',
  'scale',
] as const;

/** Samples of the longest frame and the longest transform. */
export const MAX_FRAME = 8192;

/** A finite number between bounds, both included. */
export function numberFrom(min: number, max: number): OptionCheck {
  return (name, value) => {
    const expected =
      max === Number.MAX_VALUE ? `a number of at least ${min}` : `a number from ${min} to ${max}`;
    if (typeof value !== 'number') throw typeError(name, value, expected);
    if (!(value >= min && value <= max))
      throw valueError(name, Number.isFinite(value) ? value : String(value), expected);
  };
}

/** The greatest finite number of float32: settings are rounded to that type. */
export const FLOAT32_MAX = 3.4028234663852886e38;

const CHECKS: Readonly<Record<string, OptionCheck>> = {
  center: flag,
  padMode: oneOf('reflect', 'constant'),
  periodic: flag,
  dropLastFrame: flag,
  removeDc: flag,
  preEmphasis: numberFrom(0, 1),
  scale: numberFrom(-FLOAT32_MAX, FLOAT32_MAX),
};

/** Checks each option that was given. */
export function checkOptions(options: object, checks: Readonly<Record<string, OptionCheck>>): void {
  for (const [name, check] of Object.entries(checks)) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined) check(name, value);
  }
}

/** What differs between the operators. */
export interface FrameDefaults {
  readonly center: boolean;
  readonly window: WindowName;
}

/** Settings of the frames, checked, and how many there are. */
export interface FramePlan {
  readonly attributes: OperatorAttributes;
  /** Dims of the signals, without their samples. */
  readonly outer: readonly number[];
  readonly frameLength: number;
  readonly frames: number;
}

/**
 * Checks what was given and decides how the signal is cut.
 *
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION`, `ERR_TRT_ARG_TENSOR`.
 */
export function planFrames(
  signal: TensorSpec,
  options: FrameOptions,
  { operator, known, defaults }: { operator: string; known: readonly string[]; defaults: FrameDefaults },
): FramePlan {
  rejectUnknownOptions(operator, options, known);
  integer(1, MAX_FRAME)('frameLength', options.frameLength);
  integer(1, 2 ** 31 - 1)('hopLength', options.hopLength);
  checkOptions(options, CHECKS);
  const { signalLength = null } = options;
  if (signalLength !== null) integer(1, 2 ** 40)('signalLength', signalLength);

  const name: ArgumentName = { operator, argument: 'the signal' };
  requireType(signal, ['float32', 'int16'], name);
  requireRank(signal, [1, 2], name);
  const samples = signal.dims[signal.dims.length - 1] ?? 0;
  if (samples === 0) throw tensorError(name, 'at least one sample', formatSpec(signal));

  const { center = defaults.center } = options;
  return {
    attributes: {
      frameLength: options.frameLength,
      hopLength: options.hopLength,
      center,
      padMode: options.padMode ?? 'reflect',
      signalLength: signalLength ?? 0,
      dropLastFrame: options.dropLastFrame ?? false,
      removeDc: options.removeDc ?? false,
      preEmphasis: options.preEmphasis ?? 0,
      scale: (options.scale ?? 1) / (signal.type === 'int16' ? 32768 : 1),
      ...windowAttributes(options, defaults.window),
    },
    outer: signal.dims.slice(0, -1),
    frameLength: options.frameLength,
    frames: countFrames(signal, { ...options, center }, name),
  };
}

function countFrames(signal: TensorSpec, options: FrameOptions, name: ArgumentName): number {
  const { frameLength, hopLength, center, signalLength, dropLastFrame } = options;
  const length = signalLength ?? signal.dims[signal.dims.length - 1] ?? 0;
  const padding = center === true ? 2 * Math.floor(frameLength / 2) : 0;
  const frames = Math.floor((length + padding - frameLength) / hopLength) + (dropLastFrame === true ? 0 : 1);
  if (frames > 0) return frames;
  throw tensorError(
    name,
    `samples for at least one frame of ${frameLength}` +
      (center === true ? '' : ' (set signalLength to put zeros behind a short signal, or center)'),
    formatSpec(signal),
  );
}

const checkWindow = oneOf('hann', 'hamming', 'blackman', 'povey', 'rectangular');

function windowAttributes(options: FrameOptions, fallback: WindowName): OperatorAttributes {
  const { window = fallback, periodic } = options;
  if (typeof window === 'string') {
    checkWindow('window', window);
    return { window, periodic: periodic ?? window !== 'povey' };
  }
  const isList = Array.isArray(window) || window instanceof Float32Array || window instanceof Float64Array;
  if (!isList) throw typeError('window', window, 'the name of a window or an array of numbers');
  const values = Array.from<unknown>(window);
  if (values.length !== options.frameLength)
    throw valueError('window', `${values.length} numbers`, `frameLength (${options.frameLength}) numbers`);
  const wrong = values.find((value) => typeof value !== 'number' || !(Math.abs(value) <= FLOAT32_MAX));
  if (wrong !== undefined) throw valueError('window', String(wrong), 'finite numbers of float32');
  return { window: 'given', periodic: false, windowValues: values as number[] };
}
