// SPDX-License-Identifier: Apache-2.0
// What a layer costs whole, and in each form and rank.

/** The ways to take a layer apart. */
export type FactorForm =
  /** Two products: inputs to `rank`, `rank` to outputs. Of a convolution its own kernel first, then 1 x 1. */
  | 'channel'
  /** A convolution along the first axis of its kernel, then one along the second. */
  | 'spatial'
  /** Three convolutions: 1 x 1, the kernel between fewer channels, 1 x 1. */
  | 'tucker';

/** Parameters and multiply-adds. */
export interface Cost {
  readonly parameters: number;
  readonly multiplyAdds: number;
}

/** What decides about costs. */
export interface LayerShape {
  readonly outputs: number;
  readonly channels: number;
  /** Dims of the kernel; empty for products of matrices. */
  readonly kernel: readonly number[];
  /** Positions of the output, for one sample of the batch. */
  readonly positions: number;
  /** Positions behind the first convolution of the spatial form, and of the input. */
  readonly middlePositions: number;
  readonly inputPositions: number;
}

/** What the whole layer costs. */
export function denseCost({ outputs, channels, kernel, positions }: LayerShape): Cost {
  const parameters = outputs * channels * sizeOf(kernel);
  return { parameters, multiplyAdds: parameters * positions };
}

/** What a form costs at a rank; Tucker's has two, of the inputs and of the outputs. */
export function factorCost(shape: LayerShape, form: FactorForm, ranks: readonly number[]): Cost {
  const { outputs, channels, kernel, positions, middlePositions, inputPositions } = shape;
  const [rank = 0, outer = 0] = ranks;
  const parts: (readonly [parameters: number, positions: number])[] = [];
  if (form === 'channel') {
    parts.push([rank * channels * sizeOf(kernel), positions], [outputs * rank, positions]);
  } else if (form === 'spatial') {
    parts.push([rank * channels * kernel[0]!, middlePositions], [outputs * rank * kernel[1]!, positions]);
  } else {
    parts.push([rank * channels, inputPositions], [outer * rank * sizeOf(kernel), positions]);
    parts.push([outputs * outer, positions]);
  }
  return {
    parameters: parts.reduce((sum, [parameters]) => sum + parameters, 0),
    multiplyAdds: parts.reduce((sum, [parameters, places]) => sum + parameters * places, 0),
  };
}

/** Elements of a kernel. */
export function sizeOf(kernel: readonly number[]): number {
  return kernel.reduce((product, dim) => product * dim, 1);
}

/** Forms that a layer of this shape can have: a kernel of one element has nothing to share between taps. */
export function formsOf({ kernel }: LayerShape): readonly FactorForm[] {
  if (sizeOf(kernel) === 1) return ['channel'];
  return kernel.length === 2 && Math.min(...kernel) > 1
    ? ['channel', 'spatial', 'tucker']
    : ['channel', 'tucker'];
}
