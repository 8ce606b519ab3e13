// SPDX-License-Identifier: Apache-2.0
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { familyCheck } from '../check.mjs';
import { ENGINES, MODELS } from '../models.mjs';
import { makeModel } from '../onnx.mjs';

/** Builds one of the engines, and looks at what the manifest says about it. */
async function buildOne(t, name) {
  const isGpuNeeded = ENGINES[name].build.refit !== undefined;
  const { gpu } = t.host;
  if (isGpuNeeded && !gpu.usable) t.skip(`${t.library.family} needs a GPU for this: ${gpu.reason}`);
  const phases = new Set();
  const engine = await t.build(name, { onProgress: ({ phase }) => phases.add(phase) });
  const report = engine.report();
  t.expect(engine.bytes > 0, 'the engine is empty');
  t.expectEqual(engine.family, t.library.family, 'family');
  t.expect(report.layers > 0, `the network has ${report.layers} layers`);
  t.expect(phases.size > 0, 'no progress was reported');
  const { bytes, version, parseMs, buildMs, isolationStartMs, precision, warnings } = report;
  Object.assign(t.details, { bytes, version, parseMs, buildMs, isolationStartMs, precision, warnings });
}

async function buildToFile(t) {
  const path = join(t.settings.folder, 'to-file.engine');
  const engine = await t.build('mlp', { outputPath: path });
  t.expectEqual(statSync(path).size, engine.bytes, 'size of the file');
  t.expect(existsSync(`${path}.json`), 'the manifest is missing');
  const loaded = await t.api.loadEngine(path);
  t.expectEqual(loaded.inputs, engine.inputs, 'inputs of the loaded engine');
}

async function buildOnThread(t) {
  const engine = await t.build('mlp', { isolation: 'thread' });
  t.note('buildMs', engine.report().buildMs);
}

async function useTimingCache(t) {
  if (t.library.family === 'tensorrt-rtx') t.skip('TensorRT-RTX takes no timing cache');
  const timingCache = join(t.settings.folder, `${t.library.family}.timing`);
  const times = [];
  for (let round = 0; round < 2; round++)
    times.push((await t.build('heavy', { timingCache })).report().buildMs);
  t.note('buildMs without and with the cache', times);
  t.expect(statSync(timingCache).size > 0, 'the timing cache is empty');
}

async function useEngineCache(t) {
  const cacheDir = join(t.settings.folder, `${t.library.family}-cache`);
  const first = await t.build('add', { cacheDir });
  const second = await t.build('add', { cacheDir });
  t.expectEqual([first.cached, second.cached], [false, true], 'cached');
}

async function cancelBuild(t) {
  const controller = new AbortController();
  const signal = controller.signal;
  let ended;
  const onProgress = () => controller.abort();
  await t.expectError('ERR_TRT_BUILD_CANCELLED', async () => {
    const building = t.build('heavy', { signal, onProgress });
    signal.addEventListener('abort', () => (ended = performance.now()));
    await building;
  });
  t.note('millisecondsToStop', performance.now() - ended);
}

/** A model with an operator that nobody has is refused, and the operator is named. */
async function refuseNonsense(t) {
  const model = makeModel({
    name: 'nonsense',
    inputs: [{ name: 'x', dims: [4] }],
    outputs: [{ name: 'y', dims: [4] }],
    nodes: [{ op: 'NoSuchOperator', inputs: ['x'], outputs: ['y'] }],
  });
  const error = await t.expectError(/^ERR_TRT_(ONNX|BUILD)_/, () => t.api.buildEngine(model, t.buildLibrary));
  t.note('code', error.code);
  t.expect(error.message.includes('NoSuchOperator'), `the operator is not named: ${error.message}`);
}

const LONG = { limitSeconds: 300 };
const oneBuild = (name) =>
  familyCheck(
    name,
    `builds ${MODELS[name]?.title ?? `the engine "${name}"`}`,
    (t) => buildOne(t, name),
    LONG,
  );

export const build = {
  name: 'build',
  title: 'Building engines',
  needs: 'builder',
  checks: [
    ...Object.keys(ENGINES).map(oneBuild),
    familyCheck('to-file', 'an engine goes to a file and is loaded from it', buildToFile, LONG),
    familyCheck('on-thread', 'a build on a thread of this process works', buildOnThread, LONG),
    familyCheck('timing-cache', 'a timing cache is written and used', useTimingCache, LONG),
    familyCheck('engine-cache', 'the second build comes from the cache', useEngineCache, LONG),
    familyCheck('cancel', 'a build can be cancelled', cancelBuild, LONG),
    familyCheck('refused', 'an unknown operator is named', refuseNonsense, LONG),
  ],
};
