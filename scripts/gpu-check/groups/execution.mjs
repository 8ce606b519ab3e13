// SPDX-License-Identifier: Apache-2.0
// Results, in every way to get them, against references in float64.
import { familyCheck } from '../check.mjs';
import { MODELS, randomTensor } from '../models.mjs';

/** Sizes in another order than the profile's, each twice, so that shapes change back and forth. */
const mixed = (sizes) => [...sizes].reverse().concat(sizes);

async function runModel(t, name) {
  const model = MODELS[name];
  const session = await t.session(name);
  t.expectEqual([session.backend, session.device], ['tensorrt', t.device], 'backend and device');
  for (const [index, size] of mixed(model.sizes).entries()) {
    const feeds = model.feeds(size, 100 + index);
    t.expectOutputs(name, feeds, await session.run(feeds), `run() of size ${size}`);
    t.expectOutputs(name, feeds, session.runSync(feeds), `runSync() of size ${size}`);
  }
}

/** ONNX Runtime on the CPU and the GPU give the same for a model and an input neither has seen a reference for. */
async function agreeWithCpu(t) {
  if (!t.host.onnxRuntime.available) t.skip(t.host.onnxRuntime.reason ?? 'ONNX Runtime was not found');
  for (const name of ['mlp', 'conv', 'mlp-fp16']) {
    const model = MODELS[name];
    const cpu = t.own(await t.api.createSession(model.model(), { device: 'cpu' }));
    const gpu = await t.session(name);
    const feeds = model.feeds(model.sizes.at(-1), 77);
    const [wanted, got] = await Promise.all([cpu.run(feeds), gpu.run(feeds)]);
    const { tolerance } = model.expected(feeds).y;
    t.expectClose(got.y, { data: t.numbersOf(wanted.y), tolerance }, name);
  }
}

/** Many calls at once, each with its own input and its own answer. */
async function runMany(t, contexts) {
  const session = await t.session('mlp', { contexts });
  const { feeds, sizes } = MODELS.mlp;
  const calls = Array.from({ length: t.times(512, 64) }, (_, index) =>
    feeds(sizes[index % sizes.length], index),
  );
  const outputs = await Promise.all(calls.map((one) => session.run(one)));
  calls.forEach((one, index) => t.expectOutputs('mlp', one, outputs[index], `call ${index}`));
  t.note('calls', calls.length);
}

async function chooseOutputs(t) {
  const session = await t.session('topk');
  const feeds = MODELS.topk.feeds(4, 9);
  const outputs = await session.run(feeds, { outputs: ['indices'] });
  t.expectEqual(Object.keys(outputs), ['indices'], 'outputs');
  t.expectClose(outputs.indices, MODELS.topk.expected(feeds).indices, 'indices');
}

/** Fills a binding's inputs. */
function fill(io, feeds) {
  for (const [name, { data }] of Object.entries(feeds)) io.inputs[name].set(data);
}

/** The outputs of a binding as tensors. */
function read(io, session) {
  const types = Object.fromEntries(session.outputs.map(({ name, type }) => [name, type]));
  const entries = Object.entries(io.outputs);
  return Object.fromEntries(
    entries.map(([name, data]) => [name, { data, type: types[name], dims: io.dims.outputs[name] }]),
  );
}

async function runBinding(t, name) {
  const { feeds, sizes } = MODELS[name];
  const session = await t.session(name);
  for (const size of sizes) {
    const shapes = Object.fromEntries(Object.entries(feeds(size, 1)).map(([key, { dims }]) => [key, dims]));
    const io = t.own(await session.createBinding(shapes));
    for (let round = 0; round < 6; round++) {
      const inputs = feeds(size, 1000 + round);
      fill(io, inputs);
      if (round % 2 === 0) await io.run();
      else io.runSync();
      t.expectOutputs(name, inputs, read(io, session), `size ${size}, round ${round}`);
    }
  }
}

async function runBindingsAtOnce(t) {
  const session = await t.session('mlp', { contexts: 2 });
  const { feeds } = MODELS.mlp;
  const bindings = await Promise.all([1, 8, 33, 8].map((size) => session.createBinding({ x: [size, 64] })));
  for (const io of bindings) t.own(io);
  for (let round = 0; round < t.times(50, 10); round++) {
    const inputs = bindings.map((io, index) => feeds(io.dims.inputs.x[0], round * 10 + index));
    bindings.forEach((io, index) => fill(io, inputs[index]));
    await Promise.all(bindings.map((io) => io.run()));
    bindings.forEach((io, index) =>
      t.expectOutputs('mlp', inputs[index], read(io, session), `binding ${index}, round ${round}`),
    );
  }
}

/** An output whose size changes with every run, in a binding. */
async function runUnknownSizes(t) {
  const session = await t.session('nonzero');
  const io = t.own(await session.createBinding({ x: [4, 16] }));
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const feeds = MODELS.nonzero.feeds(4, seed);
    if (seed === 3) feeds.x.data.fill(0);
    if (seed === 4) feeds.x.data.fill(1);
    fill(io, feeds);
    await io.run();
    t.expectOutputs('nonzero', feeds, read(io, session), `seed ${seed}`);
  }
}

/** A shape tensor's values are given when the binding is made. */
async function bindShapeValues(t) {
  const session = await t.session('reshape');
  for (const size of MODELS.reshape.sizes) {
    const feeds = MODELS.reshape.feeds(size, size);
    const io = t.own(await session.createBinding({}, { values: { shape: feeds.shape.data } }));
    io.inputs.x.set(feeds.x.data);
    await io.run();
    t.expectOutputs('reshape', feeds, read(io, session), `rows ${size}`);
  }
}

async function chooseProfile(t) {
  const { feeds } = MODELS.add;
  const session = await t.session('add-profiles', { contexts: 2 });
  t.expectEqual(session.profiles?.length, 2, 'number of profiles');
  for (const batch of [1, 32, 2, 16, 4, 8]) {
    const inputs = feeds(batch, batch);
    t.expectOutputs('add', inputs, await session.run(inputs), `batch ${batch}`);
  }
  const second = await t.session('add-profiles', { profile: 1 });
  const inputs = feeds(16, 3);
  t.expectOutputs('add', inputs, await second.run(inputs), 'profile 1');
  const error = await t.expectError('ERR_TRT_RUN_PROFILE', () => second.run(feeds(2, 3)));
  t.note('message of a batch that does not fit', error.message);
  await t.expectError('ERR_TRT_RUN_PROFILE', () => session.run(feeds(6, 3)));
}

async function uploadAndRun(t) {
  const { uploadTensor } = t.api;
  const session = await t.session('add');
  const feeds = MODELS.add.feeds(7, 5);
  const a = t.own(await uploadTensor({ type: 'float32', ...feeds.a }, { device: t.device }));
  t.expectEqual([a.type, a.dims, a.bytes, a.device], ['float32', [7, 16], 448, t.device], 'uploaded tensor');
  const back = await a.toTensor();
  t.expectClose(back, { data: feeds.a.data, tolerance: 0 }, 'what was uploaded');
  for (let round = 0; round < 4; round++) {
    t.expectOutputs('add', feeds, await session.run({ a, b: feeds.b }), `round ${round}`);
    t.expectOutputs('add', feeds, session.runSync({ a, b: feeds.b }), `runSync, round ${round}`);
  }
}

async function keepOnDevice(t) {
  const session = await t.session('topk');
  const feeds = MODELS.topk.feeds(4, 6);
  const outputs = await session.run(feeds, { deviceOutputs: ['values'] });
  t.expect(outputs.values instanceof t.api.DeviceTensor, 'values is no DeviceTensor');
  t.own(outputs.values);
  const values = await outputs.values.toTensor();
  t.expectOutputs('topk', feeds, { ...outputs, values });
}

/** What one engine leaves on the device is the next one's input. */
async function chainEngines(t) {
  const first = await t.session('linear', { contexts: 2 });
  const second = await t.session('topk', { contexts: 2 });
  const rounds = t.times(200, 20);
  for (let round = 0; round < rounds; round++) {
    const feeds = MODELS.linear.feeds(4, round);
    const { y } = await first.run(feeds, { deviceOutputs: true });
    const outputs = await second.run({ x: y });
    const between = await y.toTensor();
    y.close();
    t.expectOutputs('linear', feeds, { y: between }, `first engine, round ${round}`);
    t.expectOutputs('topk', { x: between }, outputs, `second engine, round ${round}`);
  }
  t.note('rounds', rounds);
}

/** One tensor is the input of two engines at the same time. */
async function shareInput(t) {
  const [left, right] = [await t.session('linear'), await t.session('mlp')];
  const data = randomTensor([8, 64], 4);
  const x = t.own(await t.api.uploadTensor({ type: 'float32', ...data }, { device: t.device }));
  const outputs = await Promise.all([left.run({ x }), right.run({ x })]);
  t.expectOutputs('linear', { x: data }, outputs[0], 'linear');
  t.expectOutputs('mlp', { x: data }, outputs[1], 'mlp');
}

async function bindOnDevice(t) {
  const session = await t.session('add');
  const feeds = MODELS.add.feeds(4, 8);
  const a = t.own(await t.api.uploadTensor({ type: 'float32', ...feeds.a }, { device: t.device }));
  const io = t.own(await session.createBinding({ b: [4, 16] }, { inputs: { a }, deviceOutputs: true }));
  t.expect(!('a' in io.inputs), 'a device input has an array');
  for (let round = 0; round < 4; round++) {
    const inputs = { ...feeds, b: randomTensor([4, 16], round) };
    io.inputs.b.set(inputs.b.data);
    await io.run();
    t.expectOutputs('add', inputs, { z: await io.outputs.z.toTensor() }, `round ${round}`);
  }
}

/** An engine in memory, a model that is built at once, and what `'auto'` takes. */
async function otherSources(t) {
  const feeds = MODELS.add.feeds(4, 2);
  const bytes = await (await t.engine('add')).data();
  const fromBytes = t.own(await t.openSession(bytes));
  t.expectOutputs('add', feeds, await fromBytes.run(feeds), 'from bytes');
  const auto = t.own(await t.api.createSession(bytes, { ...t.runLibrary }));
  t.expectEqual([auto.backend, auto.fallbackReason], ['tensorrt', null], "backend of 'auto'");
  if (!t.settings.isBuilding) return t.note('fromModel', 'left out (--no-build)');
  const options = { device: t.device, build: { ...t.buildLibrary, ...MODELS.add.build }, ...t.runLibrary };
  const fromModel = t.own(await t.api.createSession(MODELS.add.model(), options));
  t.expectOutputs('add', feeds, await fromModel.run(feeds), 'from an ONNX model');
}

const runsModel = (name) =>
  familyCheck(name, `right results: ${MODELS[name].title}`, (t) => runModel(t, name));

export const execution = {
  name: 'execution',
  title: 'Running engines',
  needs: 'gpu',
  checks: [
    ...Object.keys(MODELS).map(runsModel),
    familyCheck('cpu-agrees', 'the same results as ONNX Runtime on the CPU', agreeWithCpu),
    familyCheck('many', 'many calls at once, one context', (t) => runMany(t, 1)),
    familyCheck('contexts', 'many calls at once, four contexts', (t) => runMany(t, 4)),
    familyCheck('some-outputs', 'only the outputs that were asked for', chooseOutputs),
    familyCheck('binding', 'a binding gives right results again and again', (t) => runBinding(t, 'mlp')),
    familyCheck('binding-conv', 'a binding of a fixed shape', (t) => runBinding(t, 'conv')),
    familyCheck('binding-topk', 'a binding with two outputs of two types', (t) => runBinding(t, 'topk')),
    familyCheck('bindings-at-once', 'bindings of several shapes run at the same time', runBindingsAtOnce),
    familyCheck('binding-nonzero', 'a binding with an output of unknown size', runUnknownSizes),
    familyCheck('binding-values', 'a binding with a shape tensor', bindShapeValues),
    familyCheck('profiles', 'the profile that fits is chosen', chooseProfile),
    familyCheck('device-inputs', 'inputs that are on the device', uploadAndRun),
    familyCheck('device-outputs', 'outputs that stay on the device', keepOnDevice),
    familyCheck('chain', 'one engine’s output is the next one’s input', chainEngines),
    familyCheck('shared-input', 'one device tensor is the input of two engines', shareInput),
    familyCheck('device-binding', 'a binding over device memory', bindOnDevice),
    familyCheck('sources', 'sessions from bytes, from a model, and with device "auto"', otherSources),
  ],
};
