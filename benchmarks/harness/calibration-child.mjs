// SPDX-License-Identifier: Apache-2.0
// The same by this package: calibration-child.mjs <folder> <model> <runs> <method> [<method> ...]
// Each method loads the model, goes through the data, and writes a quantised graph by itself.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const dist =
  process.env.TENSORRT_NODE_DIST ?? fileURLToPath(new URL('../../build/javascript', import.meta.url));
const { sessionRunner } = require(join(dist, 'index.js'));
const { loadModel } = require(join(dist, 'onnx/graph/onnx-model.js'));
const { openFeeds } = require(join(dist, 'compress/calibrate/feed-source.js'));
const { collectRanges } = require(join(dist, 'compress/calibrate/collect-ranges.js'));
const { listCalibrationTensors, quantizeModel } = require(join(dist, 'compress/quantize/quantize-model.js'));

const [folder, name, runs, ...methods] = process.argv.slice(2);
const DIMS = { conv: [8, 3, 64, 64], chain: [32, 64] }[name];
const ELEMENTS = DIMS.reduce((product, dim) => product * dim, 1);
const runner = sessionRunner({ device: 'cpu', intraOpNumThreads: 1 });

const seconds = {};
let tensors = [];
for (const method of methods) {
  const start = performance.now();
  const model = await loadModel(join(folder, `${name}.onnx`));
  tensors = listCalibrationTensors(model);
  const feeds = await openFeeds(name === 'conv' ? fromFile : drawn);
  const ranges = await collectRanges(model, { tensors, feeds, runner, method });
  quantizeModel(model, { ranges });
  await model.save(join(folder, `${name}-ours-${method}.onnx`));
  seconds[method] = (performance.now() - start) / 1000;
}
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(
  JSON.stringify({
    seconds,
    tensors: tensors.length,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakMiB: maxRSS / 1024,
  }),
);

function* fromFile() {
  const { buffer, byteOffset, length } = readFileSync(join(folder, `${name}.f32`));
  const all = new Float32Array(buffer, byteOffset, length / 4);
  for (let run = 0; run < Number(runs); run++)
    yield { input: { data: all.subarray(run * ELEMENTS, (run + 1) * ELEMENTS), dims: DIMS } };
}

/** Reproducible values around zero, made when they are asked for. */
function* drawn() {
  let state = 1;
  for (let run = 0; run < Number(runs); run++) {
    const data = new Float32Array(ELEMENTS);
    for (let i = 0; i < ELEMENTS; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      data[i] = state / 2 ** 31;
    }
    yield { input: { data, dims: DIMS } };
  }
}
