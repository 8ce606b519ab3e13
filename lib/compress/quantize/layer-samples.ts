// SPDX-License-Identifier: Apache-2.0
import { attributeOf, intAttribute } from '../../onnx/graph/graph-walk';
import type { NodeMessage } from '../../onnx/graph/onnx-messages';
import type { GramMatrix } from './gram-matrix';
import { reductionAxis, type WeightSite } from './weight-sites';

/** What a layer multiplies its weights with, in one run. */
export interface LayerInput {
  readonly values: ArrayLike<number>;
  readonly dims: readonly number[];
}

/** Adds samples of a layer's input, at most so many, spread evenly over the run. */
export function addSamples(gram: GramMatrix, site: WeightSite, input: LayerInput, most: number): void {
  if (site.node.opType === 'Conv') addPatches(gram, site, input, most);
  else addVectors(gram, site, input, most);
}

/** The reason why a convolution's patches cannot be cut out here. */
export function patchProblem(node: NodeMessage, weightDims: readonly number[]): string | undefined {
  if (node.opType !== 'Conv') return undefined;
  if (weightDims.length !== 4) return `its kernel has ${weightDims.length - 2} dimensions, not 2`;
  const text = attributeOf(node, 'auto_pad')?.s;
  const isAutomatic = text !== undefined && new TextDecoder().decode(text) !== 'NOTSET';
  return isAutomatic ? 'its padding is automatic' : undefined;
}

/** Products of matrices sum along the last axis of what comes first, or the one before it of what comes second. */
function addVectors(gram: GramMatrix, site: WeightSite, { values, dims }: LayerInput, most: number): void {
  const activationIndex = 1 - site.weightIndex;
  const axis = reductionAxis(site.node, { dims: [...dims] } as WeightSite['weight'], activationIndex);
  const length = dims[axis]!;
  if (length !== gram.size) return;
  const inner = axis === dims.length - 1 ? 1 : dims.at(-1)!;
  const samples = values.length / length;
  const stride = Math.max(1, samples / most);
  for (let at = 0; at < samples; at += stride) {
    const sample = Math.floor(at);
    const start = Math.floor(sample / inner) * length * inner + (sample % inner);
    gram.add(values, start, inner);
  }
}

/** Patches of an image that a two-dimensional convolution sums over, in the order of its weights. */
function addPatches(
  gram: GramMatrix,
  { node, weight }: WeightSite,
  { values, dims }: LayerInput,
  most: number,
): void {
  const [batch = 0, channels = 0, height = 0, width = 0] = dims;
  const [, , kernelHeight = 1, kernelWidth = 1] = weight.dims;
  const [strideY = 1, strideX = 1] = intsOf(node, 'strides', [1, 1]);
  const [dilationY = 1, dilationX = 1] = intsOf(node, 'dilations', [1, 1]);
  const [top = 0, left = 0, bottom = 0, right = 0] = intsOf(node, 'pads', [0, 0, 0, 0]);
  const rows = Math.floor((height + top + bottom - dilationY * (kernelHeight - 1) - 1) / strideY) + 1;
  const columns = Math.floor((width + left + right - dilationX * (kernelWidth - 1) - 1) / strideX) + 1;
  const samples = batch * rows * columns;
  const patch = new Float64Array(gram.size);
  for (let at = 0; at < samples; at += Math.max(1, samples / most)) {
    const sample = Math.floor(at);
    const image = Math.floor(sample / (rows * columns));
    const y0 = (Math.floor(sample / columns) % rows) * strideY - top;
    const x0 = (sample % columns) * strideX - left;
    let to = 0;
    for (let c = 0; c < channels; c++) {
      const plane = (image * channels + c) * height;
      for (let ky = 0; ky < kernelHeight; ky++) {
        const y = y0 + ky * dilationY;
        for (let kx = 0; kx < kernelWidth; kx++) {
          const x = x0 + kx * dilationX;
          const isInside = y >= 0 && y < height && x >= 0 && x < width;
          patch[to++] = isInside ? values[(plane + y) * width + x]! : 0;
        }
      }
    }
    gram.add(patch, 0);
  }
}

function intsOf(node: NodeMessage, name: string, absent: readonly number[]): readonly number[] {
  const ints = attributeOf(node, name)?.ints;
  return ints === undefined || ints.length === 0 ? absent : ints.map(Number);
}

/** Values that a layer sums for each output. */
export function inputsOf({ node, weight, weightIndex }: WeightSite): number {
  if (node.opType === 'Conv') return weight.dims.slice(1).reduce((product, dim) => product * dim, 1);
  return weight.dims[reductionAxis(node, weight, weightIndex)]!;
}

/** True for layers whose samples are the same, given the same input. */
export function samplesKey(site: WeightSite): string {
  const { node, weight, weightIndex } = site;
  if (node.opType !== 'Conv') {
    const isTurned = intAttribute(node, weightIndex === 1 ? 'transA' : 'transB', 0);
    return `${node.opType} ${weightIndex} ${isTurned}`;
  }
  const places = ['strides', 'dilations', 'pads'].map((name) => intsOf(node, name, []).join());
  return `Conv ${weight.dims.slice(2).join()} ${places.join(' ')}`;
}
