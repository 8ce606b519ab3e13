// SPDX-License-Identifier: Apache-2.0
import { runOperator } from '../run-operator';
import { specOf, type OperatorPlan, type OperatorTensor, type Placed, type TensorSpec } from '../tensor-spec';
import { FRAME_OPTIONS, planFrames, type FrameOptions } from './frame-options';

/**
 * Plans {@link frameSignal}: what a chain needs to know of it.
 *
 * @throws {TensorRTError} As {@link frameSignal}.
 */
export function planFrameSignal([signal]: readonly [TensorSpec], options: FrameOptions): OperatorPlan {
  const plan = planFrames(signal, options, {
    operator: 'frameSignal',
    known: FRAME_OPTIONS,
    defaults: { center: false, window: 'rectangular' },
  });
  return {
    operator: 'frameSignal',
    attributes: plan.attributes,
    outputs: [{ type: 'float32', dims: [...plan.outer, plan.frames, plan.frameLength] }],
  };
}

/**
 * Cuts signals into overlapping frames, and multiplies each by a window.
 *
 * `frames[n, f, i] = window[i] * x[n, f * hopLength + i - pad]`, with the options' means and pre-emphasis taken off `x`
 * before. Numbers that are not finite stay what the arithmetic makes of them; NaN comes out as the quiet NaN.
 *
 * @param signal - `[T]` or `[N, T]`, `float32` or `int16`; at least one sample, and without `center` one frame.
 * @returns `float32` `[F, frameLength]` or `[N, F, frameLength]`.
 * @throws {TensorRTError} `ERR_TRT_ARG_TYPE`, `ERR_TRT_ARG_VALUE`, `ERR_TRT_ARG_UNKNOWN_OPTION` for options,
 *   `ERR_TRT_ARG_TENSOR` for the signal; as every operator for device tensors and aborted calls.
 * @example
 * ```ts
 * const frames = await frameSignal({ data: samples, dims: [16000] }, { frameLength: 400, hopLength: 160 });
 * ```
 * @see `librosa.util.frame`, `torch.stft` (framing and padding).
 */
export async function frameSignal<T extends OperatorTensor>(
  signal: T,
  options: FrameOptions,
): Promise<Placed<T, Float32Array>> {
  const plan = planFrameSignal(
    [specOf(signal, { operator: 'frameSignal', argument: 'the signal' })],
    options,
  );
  const [frames] = await runOperator({ ...plan, inputs: [signal] }, options);
  return frames as Placed<T, Float32Array>;
}
