// SPDX-License-Identifier: Apache-2.0
// ONNX Runtime by its own interfaces: the npm package called directly, and the Python package.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runForJson } from '../harness/children.mjs';
import { pythonPeer } from '../harness/paths.mjs';

const fileOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const taskOf = ({ model, seconds, threads }) =>
  JSON.stringify({ model, seconds, threads, warmUpSeconds: 0.5 });

/** `InferenceSession.run()` of onnxruntime-node. */
export const onnxRuntimeNode = {
  name: 'onnxruntime-node',
  whyNot: () => null,
  settings: ({ threads, seconds }) =>
    `session.run() one after the other, CPU provider, intraOpNumThreads ${threads}, interOpNumThreads 1, sequential, ` +
    `warm-up 0.5 s, ${seconds} s; new output tensors in each call (there is no other way)`,
  measure: (task) => runForJson(process.execPath, [fileOf('onnxruntime-node-child.mjs'), taskOf(task)]),
};

/** `InferenceSession.run_with_iobinding()` of the Python package. */
export const onnxRuntimePython = {
  name: 'onnxruntime (Python)',
  whyNot() {
    const { command, env } = pythonPeer();
    const { status } = spawnSync(command, ['-c', 'import onnxruntime, numpy'], { env });
    return status === 0 ? null : 'the Python package is missing; run: npm run sdk -- --group peers';
  },
  settings: ({ threads, seconds }) =>
    `run_with_iobinding() with inputs and outputs bound once, CPU provider, intra_op_num_threads ${threads}, ` +
    `inter_op_num_threads 1, sequential, warm-up 0.5 s, ${seconds} s, garbage collector off`,
  measure(task) {
    const { command, env } = pythonPeer();
    return runForJson(command, [fileOf('onnxruntime_child.py'), taskOf(task)], { env });
  },
};
