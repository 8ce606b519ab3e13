// SPDX-License-Identifier: Apache-2.0
// What an engine tells about itself, and what can be changed about it.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { familyCheck } from '../check.mjs';
import {
  expectedOfBranches,
  MODELS,
  otherLinear,
  hiddenOfMlp,
  randomTensor,
  TOLERANCES,
} from '../models.mjs';

/** Runs a model once, of the first size unless told otherwise, and compares. */
async function runOnce(t, session, model, size = MODELS[model].sizes[0]) {
  const feeds = MODELS[model].feeds(size, 17);
  t.expectOutputs(model, feeds, await session.run(feeds), `size ${size}`);
}

async function inspect(t) {
  const session = await t.session('mlp-detailed');
  const inspected = await session.inspectEngine();
  t.expect(typeof inspected === 'object' && inspected !== null, 'the inspector gives no object');
  const layers = inspected.Layers ?? inspected.layers;
  t.note('layers', layers);
  t.expect(Array.isArray(layers) && layers.length > 0, 'the inspector names no layers');
}

async function askStatistics(t) {
  const session = await t.session('mlp');
  const numbers = await session.engineStatistics();
  t.note('engineStatistics', numbers);
  t.expect(Object.values(numbers).every(Number.isFinite), 'a statistic is no number');
}

async function countRuns(t) {
  const session = await t.session('mlp');
  for (let round = 0; round < 5; round++) await runOnce(t, session, 'mlp', 8);
  const counters = session.statistics();
  t.note('statistics', counters);
  t.expectEqual(counters.runs, 5, 'runs');
}

async function trace(t) {
  const session = await t.session('mlp-detailed');
  const feeds = MODELS.mlp.feeds(8, 2);
  await session.run(feeds);
  const { outputs, layers } = await session.trace(feeds, { layerTimes: true });
  t.expectOutputs('mlp', feeds, outputs, 'traced run');
  t.note('layers', layers);
  t.expect(layers.length > 0, 'no layer was timed');
  t.expect(
    layers.every(({ milliseconds }) => milliseconds >= 0),
    'a layer took negative time',
  );
  t.expectOutputs('mlp', feeds, await session.run(feeds), 'the run after it');
}

/** Tensors inside the network: only an engine that was built elsewhere (`--engines`) can have marked some. */
async function debugTensors(t) {
  const isMarked = t.givenEngine('mlp-debug') !== undefined;
  const session = await t.session(isMarked ? 'mlp-debug' : 'mlp');
  const feeds = MODELS.mlp.feeds(8, 12);
  await session.run(feeds);
  const traced = await session.trace(feeds, { layerTimes: false, debugTensors: true });
  t.expectOutputs('mlp', feeds, traced.outputs, 'traced run');
  t.expectEqual(traced.layers, [], 'layers of a trace without times');
  const found = traced.debugTensors.map(({ name, tensor }) => ({
    name,
    type: tensor.type,
    dims: tensor.dims,
  }));
  t.note(
    'debugTensors',
    isMarked ? found : 'none: buildEngine() marks no tensors, and no "mlp-debug" was given',
  );
  t.expectEqual(found.length > 0, isMarked, 'debug tensors came');
  for (const { name, tensor } of traced.debugTensors.filter((one) => one.name === 'hidden'))
    t.expectClose(tensor, { data: hiddenOfMlp(feeds.x), tolerance: TOLERANCES.float32 }, name);
  const unmarked = { debugTensors: ['no-such-tensor'] };
  await t.expectError('ERR_TRT_RUN_OUTPUT_NAME', () => session.trace(feeds, unmarked));
  t.expectOutputs('mlp', feeds, await session.run(feeds), 'the run after it');
}

/** New weights, back and forth, while runs wait. */
async function refit(t) {
  const session = await t.session('linear-refit', { contexts: 2 });
  const feeds = MODELS.linear.feeds(4, 3);
  for (let round = 0; round < t.times(10, 3); round++) {
    const other = otherLinear(500 + round);
    const waiting = Array.from({ length: 8 }, () => session.run(feeds));
    await session.refit(other.model);
    await Promise.all(waiting);
    const wanted = { data: other.expected(feeds.x), tolerance: TOLERANCES.float32 };
    for (let run = 0; run < 3; run++)
      t.expectClose((await session.run(feeds)).y, wanted, `round ${round}, run ${run}`);
  }
  const fixed = await t.session('linear');
  const error = await t.expectError(/^ERR_TRT_RUN_(REFIT|UNSUPPORTED)$/, () =>
    fixed.refit(otherLinear(1).model),
  );
  t.note('message of an engine that cannot be refitted', error.message);
  await runOnce(t, fixed, 'linear', 4);
}

async function streamWeights(t) {
  const x = randomTensor([4, 1024], 5);
  const plain = await t.session('heavy');
  const { h8: wanted } = await plain.run({ x });
  for (const weightStreamingBudgetBytes of ['auto', 0, 8 * 2 ** 20, 2 ** 40]) {
    const before = await t.api.deviceMemory(t.device);
    const session = await t.session('heavy-streaming', { weightStreamingBudgetBytes });
    const after = await t.api.deviceMemory(t.device);
    const { h8 } = await session.run({ x });
    t.expectClose(
      h8,
      { data: wanted.data, tolerance: TOLERANCES.float32 },
      `budget ${weightStreamingBudgetBytes}`,
    );
    t.note(`device memory with budget ${weightStreamingBudgetBytes}`, before.freeBytes - after.freeBytes);
    await session.close();
  }
}

async function chooseContextMemory(t) {
  for (const contextMemory of ['static', 'on-profile-change', 'shared']) {
    const before = await t.api.deviceMemory(t.device);
    const session = await t.session('add-profiles', { contextMemory, contexts: 4 });
    for (const batch of [1, 32, 4, 16, 2, 8]) await runOnce(t, session, 'add', batch);
    const feeds = [1, 32, 4, 16].map((batch) => MODELS.add.feeds(batch, batch));
    const outputs = await Promise.all(feeds.map((one) => session.run(one)));
    feeds.forEach((one, index) => t.expectOutputs('add', one, outputs[index], `${contextMemory} at once`));
    const after = await t.api.deviceMemory(t.device);
    t.note(contextMemory, { deviceBytes: before.freeBytes - after.freeBytes, ...session.statistics() });
    await session.close();
  }
}

async function runWith(t, options) {
  const session = await t.session('mlp', options);
  for (let round = 0; round < 4; round++) await runOnce(t, session, 'mlp', 33);
}

async function tuneContexts(t) {
  await runWith(t, { auxStreams: false });
  await runWith(t, { spinWait: true });
  await runWith(t, { persistentCacheBytes: 1 << 20 });
}

/** The same engine with its auxiliary streams given by us, and left to TensorRT. */
async function auxStreams(t) {
  const x = randomTensor([8, 64], 31);
  const wanted = { data: expectedOfBranches(x), tolerance: TOLERANCES.float32 };
  const results = [];
  for (const isOn of [true, false]) {
    const session = await t.session('branches', { auxStreams: isOn });
    t.note('auxStreams', (await session.engineStatistics()).auxStreams);
    for (let round = 0; round < 5; round++) results.push((await session.run({ x })).y);
  }
  t.expect(t.details.auxStreams >= 0, `auxStreams: ${t.details.auxStreams}`);
  for (const [index, y] of results.entries()) {
    t.expectClose(y, wanted, `run ${index}`);
    t.expectClose(y, { data: results[0].data, tolerance: 1e-6 }, `run ${index} beside the first`);
  }
}

async function wrongPlugin(t) {
  const plugins = [join(t.settings.folder, 'no-such-plugin.so')];
  const error = await t.expectError('ERR_TRT_LOAD_PLUGIN', () => t.session('mlp', { plugins }));
  t.note('message', error.message);
  t.expect(error.message.includes('no-such-plugin.so'), `the library is not named: ${error.message}`);
  await runOnce(t, await t.session('mlp'), 'mlp');
}

async function keepRuntimeCache(t) {
  const runtimeCache = join(t.settings.folder, 'runtime.cache');
  const times = [];
  for (const dynamicShapeKernels of ['eager', 'eager', 'lazy', 'none']) {
    const started = performance.now();
    const session = await t.session('mlp', { runtimeCache, dynamicShapeKernels });
    await runOnce(t, session, 'mlp', 8);
    times.push(performance.now() - started);
    await session.close();
  }
  t.expect(existsSync(runtimeCache) && statSync(runtimeCache).size > 0, 'no runtime cache was written');
  t.note('milliseconds to the first result, without and with the cache, then lazy and none', times);
  t.note('cacheBytes', statSync(runtimeCache).size);
}

async function refuseRtxOptions(t) {
  for (const options of [{ runtimeCache: join(t.settings.folder, 'x') }, { dynamicShapeKernels: 'lazy' }])
    await t.expectError('ERR_TRT_RUN_UNSUPPORTED', () => t.session('mlp', options));
}

/** An engine that brings its own code runs on the full library, and on the lean one if it is there. */
async function runCompatible(t) {
  const session = await t.session('add-compatible');
  await runOnce(t, session, 'add', 4);
  const { lean } = t.host;
  t.note(
    'lean libraries',
    lean.map(({ path, version }) => ({ path, version })),
  );
  for (const { path } of lean) {
    const small = await t.session('add-compatible', { runtimeLibrary: path });
    await runOnce(t, small, 'add', 4);
  }
}

const FULL = { families: ['tensorrt-11', 'tensorrt-10'] };
const RTX = { families: ['tensorrt-rtx'] };

export const engine = {
  name: 'engine',
  title: 'Engines',
  needs: 'gpu',
  checks: [
    familyCheck('inspector', 'the inspector describes the layers', inspect),
    familyCheck('statistics', 'the engine tells its statistics', askStatistics),
    familyCheck('counters', 'the session counts its runs', countRuns),
    familyCheck('trace', 'layers are timed', trace),
    familyCheck('debug-tensors', 'tensors inside the network are handed out', debugTensors),
    familyCheck('refit', 'weights are replaced', refit),
    familyCheck('weight-streaming', 'weights are streamed within every budget', streamWeights),
    familyCheck('context-memory', 'every strategy of context memory gives the same', chooseContextMemory),
    familyCheck(
      'tuning',
      'auxiliary streams, spinning and the persistent cache change no result',
      tuneContexts,
    ),
    familyCheck('aux-streams', 'auxiliary streams change no result', auxStreams),
    familyCheck('plugins', 'a plugin library that is not there is named', wrongPlugin),
    familyCheck('runtime-cache', 'compiled kernels are kept', keepRuntimeCache, RTX),
    familyCheck('rtx-options', 'options of TensorRT-RTX are refused', refuseRtxOptions, FULL),
    familyCheck('version-compatible', 'a version-compatible engine runs, lean too', runCompatible, {
      ...FULL,
      limitSeconds: 300,
    }),
  ],
};
