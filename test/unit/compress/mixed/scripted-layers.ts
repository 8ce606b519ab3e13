// SPDX-License-Identifier: Apache-2.0
// Layers whose noise is written down instead of measured: it adds up, as that of real ones does.

import type { OutputScore } from '../../../../lib/compress/output-judge';
import type { Layer } from '../../../../lib/compress/mixed/scan-sensitivity';
import type { OnnxModel } from '../../../../lib/onnx/graph/onnx-model';

/** Noise power of each layer when it is quantised, for a signal of one. */
export class ScriptedLayers {
  readonly layers: readonly Layer[];
  runs = 0;

  constructor(private readonly noise: readonly number[]) {
    this.layers = noise.map((_, index) => ({ node: `n${index}`, op: 'Conv' }));
  }

  readonly quantizeOnly = (nodes: ReadonlySet<string>): OnnxModel => ({ nodes }) as unknown as OnnxModel;

  readonly quantizeWithout = (kept: ReadonlySet<string>): OnnxModel =>
    this.quantizeOnly(new Set(this.layers.map(({ node }) => node).filter((node) => !kept.has(node))));

  score(candidate: OnnxModel): Promise<OutputScore> {
    this.runs++;
    const { nodes } = candidate as unknown as { nodes: ReadonlySet<string> };
    const noise = this.noise.reduce((sum, one, index) => sum + (nodes.has(`n${index}`) ? one : 0), 1e-20);
    return Promise.resolve({
      sqnrDb: -10 * Math.log10(noise),
      cosine: 1 / Math.sqrt(1 + noise),
      top1Agreement: Math.max(0, 1 - noise),
      answers: 1000,
    });
  }
}
