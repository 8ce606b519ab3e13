// SPDX-License-Identifier: Apache-2.0
import { statSync } from 'node:fs';
import type { ToolApi } from '../../../lib/cli/tool-api';
import type { ModelFacts } from '../../../lib/compress/report/measure-compression';
import type { Evaluation } from '../../../lib/evaluate';

/** Facts of a model whose file has `bytes`. */
export function modelFacts(
  bytes: number,
  more: Partial<ModelFacts<Evaluation>> = {},
): ModelFacts<Evaluation> {
  return {
    bytes,
    zippedBytes: bytes - 3,
    parameters: 1000,
    multiplyAdds: 20_000,
    uncounted: [],
    stored: { float32: 1000 },
    zeros: 0,
    twoOfFour: 0,
    shared: 0,
    layers: 4,
    quantizedActivations: false,
    ...more,
  };
}

/** Measures files that are no models by their sizes, and asks the measures that it is given. */
export const fakeMeasures: Pick<ToolApi, 'measureCompression'> = {
  measureCompression: async (source, output, { evaluate, latency, engineBytes }) => {
    const times = await latency?.([source, output]);
    const facts = async (path: string, reference: string | undefined, time: number | undefined) => {
      const evaluation = await evaluate?.(path, reference);
      const engine = await engineBytes?.(path);
      return modelFacts(statSync(path).size, {
        ...(evaluation === undefined ? {} : { evaluation }),
        ...(time === undefined ? {} : { latencyMs: time }),
        ...(engine === undefined ? {} : { engineBytes: engine }),
      });
    };
    return {
      before: await facts(source, undefined, times?.[0]),
      after: await facts(output, source, times?.[1]),
      changed: [{ node: 'up', op: 'Gemm', before: [64, 64], after: [64, 48] }],
      gains: ['TensorRT gains much from it.'],
    };
  },
};
