// SPDX-License-Identifier: Apache-2.0
// Where a convolution looks: strides, dilations and pads of any number of dimensions, given or automatic.

import { attributeOf } from '../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';

/** One spatial axis of a convolution. */
export interface WindowAxis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Zeros before the first element; of a transposed convolution, elements that are cut off. */
  readonly before: number;
}

/**
 * The window of Conv or ConvTranspose over an input.
 *
 * @param kernel - Spatial dims of the weights.
 * @param input - Spatial dims of the input.
 */
export function convolutionWindow(
  node: NodeMessage,
  kernel: readonly number[],
  input: readonly number[],
): WindowAxis[] {
  const rank = kernel.length;
  const strides = intsOf(node, 'strides', rank, 1);
  const dilations = intsOf(node, 'dilations', rank, 1);
  const pads = intsOf(node, 'pads', 2 * rank, 0);
  const places = kernel.map((size, axis) => ({
    input: input[axis]!,
    kernel: size,
    stride: strides[axis]!,
    dilation: dilations[axis]!,
    pads: [pads[axis]!, pads[axis + rank]!] as const,
  }));
  const mode = autoPad(node);
  if (node.opType === 'Conv') return places.map((place) => forward(place, mode));
  const extra = intsOf(node, 'output_padding', rank, 0);
  const shape = attributeOf(node, 'output_shape')?.ints.map(Number) ?? [];
  // Some writers give the batch and the channels too.
  const wanted = shape.slice(Math.max(0, shape.length - rank));
  return places.map((place, axis) => transposed(place, { mode, extra: extra[axis]!, wanted: wanted[axis] }));
}

interface Place extends Pick<WindowAxis, 'input' | 'kernel' | 'stride' | 'dilation'> {
  readonly pads: readonly [number, number];
}

type AutoPad = 'NOTSET' | 'SAME_UPPER' | 'SAME_LOWER' | 'VALID';

function forward({ pads, ...place }: Place, mode: AutoPad): WindowAxis {
  const span = place.dilation * (place.kernel - 1) + 1;
  if (mode === 'SAME_UPPER' || mode === 'SAME_LOWER') {
    const output = Math.ceil(place.input / place.stride);
    const total = Math.max(0, (output - 1) * place.stride + span - place.input);
    return { ...place, output, before: mode === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2) };
  }
  const [before, after] = mode === 'VALID' ? [0, 0] : pads;
  const room = place.input + before + after - span;
  return { ...place, output: room < 0 ? 0 : Math.floor(room / place.stride) + 1, before };
}

function transposed(
  { pads, ...place }: Place,
  { mode, extra, wanted }: { mode: AutoPad; extra: number; wanted: number | undefined },
): WindowAxis {
  const full = place.stride * (place.input - 1) + extra + place.dilation * (place.kernel - 1) + 1;
  const isSame = mode === 'SAME_UPPER' || mode === 'SAME_LOWER';
  const output = wanted ?? (isSame ? place.input * place.stride : undefined);
  if (output !== undefined) {
    const total = Math.max(0, full - output);
    return { ...place, output, before: mode === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2) };
  }
  const [before, after] = mode === 'VALID' ? [0, 0] : pads;
  return { ...place, output: full - before - after, before };
}

function autoPad(node: NodeMessage): AutoPad {
  const text = attributeOf(node, 'auto_pad')?.s;
  return text === undefined ? 'NOTSET' : (new TextDecoder().decode(text) as AutoPad);
}

function intsOf(node: NodeMessage, name: string, count: number, absent: number): number[] {
  const ints = attributeOf(node, name)?.ints;
  return ints === undefined || ints.length === 0 ? Array<number>(count).fill(absent) : ints.map(Number);
}
