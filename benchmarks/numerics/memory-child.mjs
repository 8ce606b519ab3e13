// SPDX-License-Identifier: Apache-2.0
// One step of compression in a process of its own: `memory-child.mjs <step> <model>`. Prints its peak of resident memory;
// with `--expose-gc` what was resident just after a collection of garbage, at most.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inputBatches } from './memory-model.mjs';

const DIST =
  process.env.TENSORRT_NODE_DIST ?? fileURLToPath(new URL('../../build/javascript', import.meta.url));
const load = (file) => import(`${DIST}/${file}`);

/** What a step is beside: the model as it is and a second one with weights of its own, each run once. */
async function holdBoth({ path, data }) {
  const { loadModel } = await load('onnx/graph/onnx-model.js');
  const { makeTensor, readFloats } = await load('onnx/graph/tensor-values.js');
  const { runModel } = await load('compress/run-model.js');
  const source = await loadModel(path);
  const result = source.clone();
  result.graph.initializer = result.graph.initializer.map((tensor) =>
    tensor.dataType === 1 ? makeTensor(tensor.name, 'FLOAT', tensor.dims, readFloats(tensor)) : tensor,
  );
  for (const model of [source, result])
    for await (const outputs of runModel(model, data.calibration(), data.runner)) void outputs;
  return { source, result };
}

const step = (file, name, options) => async (task) => {
  const method = (await load(`compress/${file}.js`))[name];
  const { nativeNumerics } = await load('runtime/native-numerics.js');
  const numerics = file === 'quantize' ? {} : { numerics: watched(await nativeNumerics()) };
  const source = await (await load('onnx/graph/onnx-model.js')).loadModel(task.path);
  const done = await method(source, { ...task.data, ...numerics, ...options, onProgress: mark });
  return { source, ...done };
};

const STEPS = {
  'model and result': holdBoth,
  'prune, Hessian 50 %': step('prune', 'prune', { sparsity: 0.5 }),
  'prune, 2:4': step('prune', 'prune', { pattern: '2:4' }),
  'cluster, 16 values': step('cluster', 'cluster', { clusters: 16 }),
  'cluster, 256 values': step('cluster', 'cluster', { clusters: 256 }),
  'factorize, half': step('factorize', 'factorize', { target: { parameters: 0.5 } }),
  'pruneChannels, 30 %': step('prune-channels', 'pruneChannels', { ratio: 0.3 }),
  'quantize, INT8': step('quantize', 'quantize', { format: 'int8' }),
};

function statusBytes(field) {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)[1]) * 1024;
}

/** A collection takes some ms: more often than this it is most of the time. */
const LEAST_MS = 100;
const live = { bytes: 0, buffers: 0, during: '', next: 0 };
let during = '';

/** Collects garbage, and notes what is left. */
function look() {
  const now = performance.now();
  if (globalThis.gc === undefined || now < live.next) return;
  globalThis.gc();
  const bytes = statusBytes('VmRSS');
  const { arrayBuffers } = process.memoryUsage();
  if (arrayBuffers > live.buffers) live.buffers = arrayBuffers;
  if (bytes > live.bytes) Object.assign(live, { bytes, during });
  live.next = performance.now() + LEAST_MS;
}

function mark(line) {
  during = line;
  look();
}

/** Looks at memory whenever arithmetic is under way, and when it has ended. */
function watched(numerics) {
  return new Proxy(numerics, {
    get(target, name) {
      const own = target[name];
      if (typeof own !== 'function') return own;
      return async (...args) => {
        const work = own.apply(target, args);
        look();
        const result = await work;
        look();
        return result;
      };
    },
  });
}

const [name, path] = process.argv.slice(2);
const { sessionRunner } = await load('session/session-runner.js');
const run = sessionRunner();
/** The same, looked at with the outputs of a run at hand. */
async function* runner(model, feeds) {
  for await (const outputs of run(model, feeds)) {
    look();
    yield outputs;
  }
}
const data = { calibration: () => inputBatches(`${path}.images`), runner };
const timer = setInterval(look, LEAST_MS);
const started = performance.now();
const held = await STEPS[name]({ path, data });
clearInterval(timer);
console.log(
  JSON.stringify({
    peakBytes: statusBytes('VmHWM'),
    live,
    seconds: (performance.now() - started) / 1000,
    held: Object.keys(held).length,
  }),
);
