// SPDX-License-Identifier: Apache-2.0
// The steps of compress.mjs: each takes the same network, in FP32, and gives `{ model, report }`.

import { cast, cluster, distill, factorize, prune, pruneChannels, quantize } from 'tensorrt-node/compress';

/** Share of the channels, neurons and heads that two of the steps remove. */
const REMOVED = 0.3;
/** Smaller than for a network that begins with random weights. */
const LEARNING_RATE = 5e-4;

/** Names of the steps for `--step`, and for people. */
export const STEP_NAMES = {
  zeros: '50 % zeros',
  '2:4': '2:4 zeros',
  narrow: '30 % narrower',
  distilled: 'narrower, distilled',
  shared: '16 shared values',
  'low-rank': 'low rank, to half',
  int8: 'INT8',
  fp16: 'FP16',
};

/**
 * By name, functions that take the path of a model.
 *
 * @param given `{ calibration, runner, numerics }`, which all steps take
 * @param teaching `{ training, trainer, epochs }`, for distillation
 */
export function makeSteps(given, { training, trainer, epochs }) {
  const { calibration, runner } = given;
  const data = { calibration, runner };
  const removeChannels = (source) => pruneChannels(source, { ratio: REMOVED, ...given });
  return {
    zeros: (source) => prune(source, { sparsity: 0.5, ...given }),
    '2:4': (source) => prune(source, { pattern: '2:4', ...given }),
    narrow: removeChannels,
    // The student is what is left of the teacher: it has to learn again what it lost, not everything.
    distilled: (source) =>
      distill(source, removeChannels, training, { trainer, epochs, learningRate: LEARNING_RATE }),
    shared: (source) => cluster(source, { clusters: 16, ...given }),
    'low-rank': (source) => factorize(source, { target: { parameters: 0.5 }, ...given }),
    int8: (source) => quantize(source, data),
    fp16: (source) => cast(source, { to: 'fp16', ...data }),
  };
}
