// SPDX-License-Identifier: Apache-2.0
// One model in FP16 and INT8 on made-up data, built with TensorRT-RTX, in a process of its own:
// rewrite-once.mjs model.onnx

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sessionRunner } from 'tensorrt-node';
import { cast, quantize } from 'tensorrt-node/compress';
import { loadModel } from 'tensorrt-node/onnx';
import { whyNotBuilt } from './ours.mjs';

const RUNS = 2;
const ARRAYS = {
  1: Float32Array,
  2: Uint8Array,
  3: Int8Array,
  6: Int32Array,
  7: BigInt64Array,
  9: Uint8Array,
};
/** Codes that say, as is right, that a model has nothing to gain: small layers, no arithmetic. */
const NOTHING = new Set(['ERR_TRT_BUILD_PRECISION', 'ERR_TRT_QUANT_UNSUPPORTED']);

const path = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), 'rewrite-once-'));
try {
  const given = { calibration: makeFeeds(await loadModel(path)), runner: sessionRunner() };
  const results = {
    // Without data: constant weights make activations that no trained network has, and they would all stay FP32.
    fp16: await rewrite('fp16', () => cast(path, { to: 'fp16' })),
    int8: await rewrite('int8', () => quantize(path, given)),
  };
  console.log(JSON.stringify(results));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** `{ status, reason?, seconds }`: built, nothing (with the package's reason), not-rewritten or not-built. */
async function rewrite(name, make) {
  const started = performance.now();
  const done = (status, reason) => ({
    status,
    reason,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  });
  const target = join(folder, `${name}.onnx`);
  try {
    const { model } = await make();
    await model.save(target);
  } catch (error) {
    const reason = `${error.code ?? error.name}: ${error.message}`.slice(0, 300);
    return done(NOTHING.has(error.code) ? 'nothing' : 'not-rewritten', reason);
  }
  const reason = await whyNotBuilt(target);
  return reason === null ? done('built') : done('not-built', reason.slice(0, 300));
}

/** Normal values that are the same on every run; 1 for dimensions without a size. */
function makeFeeds({ graph }) {
  const defaults = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !defaults.has(name));
  const normal = seededNormal(5);
  return Array.from({ length: RUNS }, () =>
    Object.fromEntries(inputs.map(({ name, type }) => [name, makeValues(type.tensorType, normal)])),
  );
}

function makeValues({ elemType, shape }, normal) {
  const dims = (shape?.dim ?? []).map((dim) => Number(dim.dimValue ?? dim.value?.value ?? 1) || 1);
  const size = dims.reduce((product, dim) => product * dim, 1);
  const ArrayType = ARRAYS[elemType];
  if (ArrayType === undefined) throw new Error(`no values for element type ${elemType}`);
  if (ArrayType === BigInt64Array) return { data: new BigInt64Array(size), dims };
  return { data: ArrayType.from({ length: size }, ArrayType === Float32Array ? normal : () => 0), dims };
}

function seededNormal(seed) {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
