// SPDX-License-Identifier: Apache-2.0
import { LayerSamples, samplesKey as keyOf } from '../layers/layer-samples';
import { inputsOf as inputsOfView, matrixView, type MatrixView } from '../layers/weight-layer';
import type { GramMatrix } from './gram-matrix';
import type { WeightSite } from './weight-sites';

/** What a layer multiplies its weights with, in one run. */
export interface LayerInput {
  readonly values: ArrayLike<number>;
  readonly dims: readonly number[];
}

/** Samples that are cut out together. */
const SAMPLES_TOGETHER = 256;

/** Adds samples of a layer's input, at most so many, spread evenly over the run. */
export function addSamples(gram: GramMatrix, site: WeightSite, input: LayerInput, most: number): void {
  const { weight } = site;
  const samples = new LayerSamples({ view: viewOf(site), weight }, site, input.dims);
  if (!samples.fits) return;
  const step = Math.max(1, samples.count / most);
  let picked: number[] = [];
  const flush = () => {
    const rows = samples.inputs(input, picked);
    for (let at = 0; at < rows.length; at += gram.size) gram.add(rows, at);
    picked = [];
  };
  for (let at = 0; at < samples.count; at += step) {
    picked.push(Math.floor(at));
    if (picked.length === SAMPLES_TOGETHER) flush();
  }
  flush();
}

/** Values that a layer sums for each output. */
export function inputsOf(site: WeightSite): number {
  return inputsOfView(viewOf(site));
}

/** True for layers whose samples are the same, given the same input. */
export function samplesKey(site: WeightSite): string {
  const { node, weight, weightIndex } = site;
  const input = node.input[site.activationIndex ?? 0]!;
  return keyOf({ view: viewOf(site), weight }, { node, weightIndex, input });
}

/** Only of sites that `weightMatrix` makes a matrix of. */
function viewOf({ node, weight, weightIndex }: WeightSite): MatrixView {
  return matrixView(node, weight, weightIndex) as MatrixView;
}
