// SPDX-License-Identifier: Apache-2.0
// This package, by its own command: what anybody gets who types it.

import { join } from 'node:path';
import { runForJson } from '../harness/children.mjs';
import { ROOT } from '../harness/paths.mjs';

const CLI = join(ROOT, 'dist', 'cli', 'main.js');

const argumentsOf = ({ seconds, threads }, device, calls) => [
  ...['--device', device, '--calls', calls, '--threads', String(threads)],
  ...['--warm-up', '500ms', '--duration', `${seconds}s`, '--seed', '1'],
];

/** On the CPU, over bindings or with copies. */
export const oursOnCpu = (calls) => ({
  name: `tensorrt-node (CPU, ${calls})`,
  whyNot: () => null,
  settings: (task) => `\`tensorrt-node bench model.onnx ${argumentsOf(task, 'cpu', calls).join(' ')}\``,
  measure: (task) => measure(task.model, argumentsOf(task, 'cpu', calls)),
});

/** On the first GPU. */
export const oursOnGpu = {
  name: 'tensorrt-node (GPU, binding)',
  async whyNot() {
    const { probe } = await import('tensorrt-node');
    const { cuda, tensorrt } = await probe();
    if (cuda.devices.length === 0) return `no GPU (${cuda.status})`;
    return tensorrt.some(({ usable }) => usable) ? null : 'no TensorRT';
  },
  settings: (task) =>
    `\`tensorrt-node bench model.onnx ${argumentsOf(task, 'cuda:0', 'binding').join(' ')}\``,
  measure: (task) => measure(task.model, argumentsOf(task, 'cuda:0', 'binding')),
};

async function measure(model, args) {
  const { latencyMs, throughput } = await runForJson(
    process.execPath,
    [CLI, 'bench', model, ...args, '--json'],
    {
      wholeOutput: true,
    },
  );
  return {
    p50Ms: latencyMs.p50,
    p90Ms: latencyMs.p90,
    p99Ms: latencyMs.p99,
    inferencesPerSecond: throughput.inferencesPerSecond,
  };
}
