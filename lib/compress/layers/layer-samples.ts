// SPDX-License-Identifier: Apache-2.0
// What a layer multiplies its weights with and what it makes of it, as rows: one for each sample. A sample is a position of
// the output: a pixel of an image for a convolution, a vector of the batch for a product of matrices.

import { createUniform } from '../../random';
import { convolutionWindow, type WindowAxis } from './convolution-window';
import { inputsOf, type LayerUse, type WeightLayer } from './weight-layer';
import { reductionAxis } from './weighted-operators';

/** Values of a tensor in one run, in C order. */
export interface RunValues {
  readonly values: ArrayLike<number>;
  readonly dims: readonly number[];
}

/** A tensor as channels between what lies before and behind them. */
interface Axis {
  readonly channels: number;
  readonly inner: number;
}

/** Rows of inputs and outputs of a layer's node in one run. */
export class LayerSamples {
  /** How many samples there are. */
  readonly count: number;
  private readonly window: readonly WindowAxis[] | undefined;
  private readonly inputAxis: Axis;

  /** @param inputDims - Of what the node reads in this run. */
  constructor(
    private readonly layer: Pick<WeightLayer, 'view' | 'weight'>,
    private readonly use: Pick<LayerUse, 'node' | 'weightIndex'>,
    inputDims: readonly number[],
  ) {
    const { node } = use;
    if (node.opType.startsWith('Conv')) {
      const spatial = inputDims.slice(2);
      this.window = convolutionWindow(node, layer.weight.dims.slice(2), spatial);
      this.inputAxis = { channels: inputDims[1]!, inner: product(spatial) };
      this.count = inputDims[0]! * product(this.window.map(({ output }) => output));
      return;
    }
    this.inputAxis = axisOf(inputDims, reductionAxis(node, { dims: [...inputDims] }, 1 - use.weightIndex));
    this.count = this.inputAxis.channels === 0 ? 0 : product(inputDims) / this.inputAxis.channels;
  }

  /** True if an input of these dims has the channels that the weights take. */
  get fits(): boolean {
    const { groups, channels, band } = this.layer.view;
    return this.inputAxis.channels === groups * (band?.of ?? channels);
  }

  /** Adds the squares of all that is read to sums for each channel. */
  addEnergies({ values }: RunValues, energies: Float64Array): void {
    const { channels, inner } = this.inputAxis;
    for (let at = 0, channel = 0; at < values.length; channel = (channel + 1) % channels)
      for (const end = at + inner; at < end; at++) energies[channel]! += values[at]! ** 2;
  }

  /**
   * Rows of inputs of one group: channels times taps, in the order of the matrix.
   *
   * @param samples - Positions, from 0 to `count`.
   * @returns `[samples.length, inputs]`, row-major
   */
  inputs({ values }: RunValues, samples: ArrayLike<number>, group = 0): Float32Array {
    const { view } = this.layer;
    const rows = new Float32Array(samples.length * inputsOf(view));
    if (this.window !== undefined) this.readPatches(values, { samples, group, rows });
    else {
      const first = view.band?.first ?? 0;
      readVectors(values, this.inputAxis, { samples, first, count: view.channels, rows });
    }
    return rows;
  }

  /**
   * Rows of outputs of one group.
   *
   * @param output - What the node makes of the same run.
   * @returns `[samples.length, outputs]`, row-major
   */
  outputs({ values, dims }: RunValues, samples: ArrayLike<number>, group = 0): Float32Array {
    const { outputs } = this.layer.view;
    const rows = new Float32Array(samples.length * outputs);
    const axis = axisOf(dims, outputAxis(this.use, dims.length));
    readVectors(values, axis, { samples, first: group * outputs, count: outputs, rows });
    return rows;
  }

  private readPatches(values: ArrayLike<number>, { samples, group, rows }: Rows): void {
    const { channels, taps, band } = this.layer.view;
    const window = this.window!;
    const { inner } = this.inputAxis;
    const positions = product(window.map(({ output }) => output));
    const places = new Int32Array(taps);
    const isTransposed = this.use.node.opType === 'ConvTranspose';
    const kernel = window.map((axis) => axis.kernel);
    let to = 0;
    for (let i = 0; i < samples.length; i++) {
      const image = Math.floor(samples[i]! / positions);
      findPlaces(places, window, { position: samples[i]! % positions, kernel, isTransposed });
      const own = group * (band?.of ?? channels) + (band?.first ?? 0);
      const first = (image * this.inputAxis.channels + own) * inner;
      for (let channel = 0; channel < channels; channel++) {
        const plane = first + channel * inner;
        for (let tap = 0; tap < taps; tap++) {
          const place = places[tap]!;
          rows[to++] = place < 0 ? 0 : values[plane + place]!;
        }
      }
    }
  }
}

interface Rows {
  readonly samples: ArrayLike<number>;
  readonly group: number;
  readonly rows: Float32Array;
}

/** For each tap the position in the input's plane that it falls on, -1 outside. */
function findPlaces(
  places: Int32Array,
  window: readonly WindowAxis[],
  { position, kernel, isTransposed }: { position: number; kernel: readonly number[]; isTransposed: boolean },
): void {
  places.fill(0);
  let rest = position;
  let plane = 1;
  let inner = 1;
  for (let a = window.length - 1; a >= 0; a--) {
    const axis = window[a]!;
    const at = rest % axis.output;
    rest = Math.floor(rest / axis.output);
    for (let tap = 0; tap < places.length; tap++) {
      if (places[tap]! < 0) continue;
      const k = Math.floor(tap / inner) % kernel[a]!;
      const found = isTransposed ? sourceOf(at, k, axis) : at * axis.stride - axis.before + k * axis.dilation;
      places[tap] = found < 0 || found >= axis.input ? -1 : places[tap]! + found * plane;
    }
    inner *= kernel[a]!;
    plane *= axis.input;
  }
}

/** The element that a transposed convolution spreads over a position through a tap; -1 for none. */
function sourceOf(at: number, tap: number, { stride, dilation, before }: WindowAxis): number {
  const scaled = at + before - tap * dilation;
  return scaled % stride === 0 ? scaled / stride : -1;
}

function readVectors(
  values: ArrayLike<number>,
  { channels, inner }: Axis,
  {
    samples,
    first,
    count,
    rows,
  }: { samples: ArrayLike<number>; first: number; count: number; rows: Float32Array },
): void {
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]!;
    const start = (Math.floor(sample / inner) * channels + first) * inner + (sample % inner);
    for (let channel = 0; channel < count; channel++)
      rows[i * count + channel] = values[start + channel * inner]!;
  }
}

/** Axis of the outputs of a node: channels of a convolution, columns of a product, rows where the weights come first. */
export function outputAxis(
  { node, weightIndex }: Pick<LayerUse, 'node' | 'weightIndex'>,
  rank: number,
): number {
  if (node.opType.startsWith('Conv')) return 1;
  return weightIndex === 1 || rank === 1 ? rank - 1 : rank - 2;
}

function axisOf(dims: readonly number[], axis: number): Axis {
  // A vector is a matrix of one row.
  const at = Math.max(0, axis);
  return { channels: dims[at] ?? 1, inner: product(dims.slice(at + 1)) };
}

function product(dims: readonly number[]): number {
  return dims.reduce((result, dim) => result * dim, 1);
}

/**
 * At most so many of `count` samples, spread evenly with a random offset each: steps of equal length would fall on the
 * same columns of every image.
 */
export function pickSamples(count: number, most: number, seed = 0): Int32Array {
  if (count <= most) return Int32Array.from({ length: count }, (_, index) => index);
  const random = createUniform(seed);
  const step = count / most;
  return Int32Array.from({ length: most }, (_, index) =>
    Math.min(count - 1, Math.floor((index + random()) * step)),
  );
}

/** The same for nodes whose samples are the same, given the same input tensor. */
export function samplesKey(
  { view, weight }: Pick<WeightLayer, 'view' | 'weight'>,
  { node, weightIndex, input }: Pick<LayerUse, 'node' | 'weightIndex' | 'input'>,
): string {
  const isConvolution = node.opType.startsWith('Conv');
  // How the weights lie does not matter.
  const turned = weightIndex === 1 ? 'transA' : 'transB';
  const attributes = node.attribute
    .filter(({ name }) => SAMPLING.has(name) || name === turned)
    .map(
      ({ name, i, s, ints }) =>
        `${name} ${String(i)} ${s === undefined ? '' : new TextDecoder().decode(s)} ${ints.join()}`,
    )
    .sort();
  const shape = isConvolution ? weight.dims.slice(2).join() : String(weightIndex);
  return [input, node.opType, view.groups, shape, ...attributes].join(' ');
}

const SAMPLING = new Set(['strides', 'dilations', 'pads', 'auto_pad', 'output_padding', 'output_shape']);
