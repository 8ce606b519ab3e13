// SPDX-License-Identifier: Apache-2.0
// A model in JavaScript: its output is what a function makes of the numbers of each sample.

import type { EvaluatedModel } from '../../../lib/evaluate';
import type { TensorInfo } from '../../../lib/index';

interface FakeModelOptions {
  readonly dims?: TensorInfo['dims'];
  /** Scores of one sample. Default: the numbers of the sample. */
  readonly score?: (sample: readonly number[]) => readonly number[];
  /** Milliseconds of the run with this number. */
  readonly delayMs?: (run: number) => number;
  readonly outputs?: readonly string[];
  readonly type?: TensorInfo['type'];
}

/** A model with an input `x` and an output `y`, and how many of its calls ran at once. */
export function fakeModel(options: FakeModelOptions = {}) {
  const { dims = ['batch', 3], score = (sample) => sample, outputs = ['y'], type = 'float32' } = options;
  const seen = { runs: 0, atOnce: 0, most: 0, batches: [] as (readonly number[])[] };
  const model: EvaluatedModel = {
    inputs: [{ name: 'x', type, dims }],
    outputs: outputs.map((name) => ({ name, type: 'float32', dims: ['batch', 'classes'] })),
    device: 'cpu',
    backend: 'onnxruntime',
    run: async (feeds) => {
      const { data, dims: fed } = feeds['x'] as { data: Float32Array; dims: number[] };
      seen.most = Math.max(seen.most, ++seen.atOnce);
      seen.batches.push(fed);
      await new Promise((resolve) => setTimeout(resolve, options.delayMs?.(seen.runs++) ?? 0));
      const width = data.length / fed[0]!;
      const rows = Array.from({ length: fed[0]! }, (_, i) => [
        ...score([...data.subarray(i * width, (i + 1) * width)]),
      ]);
      seen.atOnce--;
      const tensor = {
        type: 'float32' as const,
        data: Float32Array.from(rows.flat()),
        dims: [rows.length, rows[0]!.length],
      };
      return Object.fromEntries(outputs.map((name) => [name, tensor]));
    },
  };
  return { model, seen };
}
