// SPDX-License-Identifier: Apache-2.0
// Takes models to FP16 and INT8 and builds all three with TensorRT-RTX. A line `{ path, settings? }` in, a line
// `{ isShipped, fp32, fp16?, int8? }` out, each `{ status, reason?, score?, seconds }`: built, refused (by a code that
// says that there is nothing to gain), not-rewritten or not-built.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildEngine, createSession, sessionRunner } from 'tensorrt-node';
import { cast, quantize } from 'tensorrt-node/compress';
import { readModelInfo } from 'tensorrt-node/onnx';
import { findFeeds, makeProfiles } from './shipped-feeds.mjs';

/** A model that takes longer hangs; the process ends, and with it the request. */
const TIMEOUT_MS = 300_000;
const REFUSALS = new Set([
  'ERR_TRT_BUILD_PRECISION',
  'ERR_TRT_QUANT_CALIBRATION',
  'ERR_TRT_QUANT_UNSUPPORTED',
  'ERR_TRT_QUANT_WEIGHTS',
]);

const folder = mkdtempSync(join(tmpdir(), 'rewrite-worker-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const watchdog = setTimeout(() => process.exit(3), TIMEOUT_MS);
  console.log(JSON.stringify(await rewriteModel(JSON.parse(line))));
  clearTimeout(watchdog);
}

async function rewriteModel({ path, settings }) {
  const info = await readModelInfo(path);
  const { isShipped, feeds } = findFeeds(path, info);
  const profiles = makeProfiles(info, feeds);
  const fp32 = await attempt(async () => ({ path }), profiles);
  if (fp32.status !== 'built') return { isShipped, fp32 };
  const data = { calibration: feeds, runner: sessionRunner() };
  const reason = await whyNotRun(path, feeds);
  // Constant weights make activations that no trained network has; on them all would stay FP32.
  const castData = isShipped && reason === null ? data : {};
  const fp16 = await attempt(() => save('fp16', cast(path, { ...castData, to: 'fp16' })), profiles);
  if (reason !== null) return { isShipped, fp32, fp16, int8: { status: 'refused', reason, seconds: 0 } };
  const int8 = await attempt(() => save('int8', quantize(path, { ...data, ...settings })), profiles);
  return { isShipped, fp32, fp16, int8 };
}

/** Ranges come from runs on the CPU, which does not have every operator of every opset. */
async function whyNotRun(path, [first]) {
  try {
    const session = await createSession(path, { device: 'cpu' });
    await session.run(first).finally(() => session.close());
    return null;
  } catch (error) {
    return describe(error);
  }
}

async function save(name, rewritten) {
  const { model, report } = await rewritten;
  const path = join(folder, `${name}.onnx`);
  await model.save(path);
  return { path, score: report.score };
}

async function attempt(make, profiles) {
  const started = performance.now();
  const done = (status, rest) => ({
    status,
    ...rest,
    seconds: Math.round((performance.now() - started) / 100) / 10,
  });
  let made;
  try {
    made = await make();
  } catch (error) {
    return done(REFUSALS.has(error.code) ? 'refused' : 'not-rewritten', { reason: describe(error) });
  }
  const { path, score } = made;
  try {
    // Types that TensorRT narrows by itself (DOUBLE) are the source's affair.
    await buildEngine(path, {
      runtime: 'tensorrt-rtx',
      isolation: 'thread',
      profiles,
      allowTypeChanges: true,
    });
    return done('built', { score });
  } catch (error) {
    return done('not-built', { reason: describe(error), score });
  }
}

function describe(error) {
  return `${error.code ?? error.name}: ${error.message}`.slice(0, 500);
}
