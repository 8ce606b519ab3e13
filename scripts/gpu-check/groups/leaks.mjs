// SPDX-License-Identifier: Apache-2.0
// Memory after many repetitions, compared with memory after a quarter of them: what has to be allocated once is there
// by then, and what grows with every repetition shows in the rest.
import { familyCheck } from '../check.mjs';
import { MODELS } from '../models.mjs';

const MIB = 2 ** 20;
/** Growth of the last three quarters that is no leak: allocators and the garbage collector breathe. */
const ALLOWED_HOST_BYTES = 48 * MIB;
const ALLOWED_DEVICE_BYTES = 16 * MIB;

async function memoryNow(t) {
  // The collector runs where Node was started with --expose-gc; else the allowance covers its habits.
  globalThis.gc?.();
  const { freeBytes } = await t.api.deviceMemory(t.device);
  return { host: process.memoryUsage.rss(), free: freeBytes };
}

async function watch(t, repetitions, action) {
  const quarter = Math.ceil(repetitions / 4);
  for (let index = 0; index < quarter; index++) await action(index);
  const before = await memoryNow(t);
  const started = performance.now();
  for (let index = quarter; index < repetitions; index++) await action(index);
  const perSecond = ((repetitions - quarter) * 1000) / (performance.now() - started);
  const after = await memoryNow(t);
  const growth = { hostBytes: after.host - before.host, deviceBytes: before.free - after.free };
  t.note('growth', growth);
  t.note('repetitions', repetitions);
  t.note('perSecond', perSecond);
  t.expect(growth.hostBytes < ALLOWED_HOST_BYTES, `host memory grew by ${growth.hostBytes} bytes`);
  t.expect(growth.deviceBytes < ALLOWED_DEVICE_BYTES, `device memory grew by ${growth.deviceBytes} bytes`);
}

async function bindingRuns(t) {
  const session = await t.session('mlp');
  const io = t.own(await session.createBinding({ x: [8, 64] }));
  io.inputs.x.set(MODELS.mlp.feeds(8, 1).x.data);
  await watch(t, t.times(100_000, 5_000), () => io.run());
}

async function plainRuns(t) {
  const session = await t.session('mlp', { contexts: 2 });
  const feeds = MODELS.mlp.sizes.map((size) => MODELS.mlp.feeds(size, size));
  await watch(t, t.times(10_000, 500), () => Promise.all(feeds.map((one) => session.run(one))));
}

async function unknownSizes(t) {
  const session = await t.session('nonzero');
  const feeds = [1, 4, 16].map((size) => MODELS.nonzero.feeds(size, size));
  await watch(t, t.times(10_000, 500), (index) => session.run(feeds[index % 3]));
}

async function deviceTensors(t) {
  const session = await t.session('add');
  const feeds = MODELS.add.feeds(32, 1);
  await watch(t, t.times(10_000, 500), async () => {
    const a = await t.api.uploadTensor({ type: 'float32', ...feeds.a }, { device: t.device });
    const { z } = await session.run({ a, b: feeds.b }, { deviceOutputs: true });
    a.close();
    z.close();
  });
}

async function sessions(t) {
  const engine = await t.engine('mlp');
  const feeds = MODELS.mlp.feeds(8, 1);
  await watch(t, t.times(1_000, 40), async () => {
    const session = await t.openSession(engine);
    const io = await session.createBinding({ x: [8, 64] });
    await Promise.all([session.run(feeds), io.run()]);
    await session.close();
  });
}

async function failures(t) {
  const session = await t.session('mlp');
  const feeds = MODELS.mlp.feeds(64, 1);
  const tooLarge = { x: { data: new Float32Array(65 * 64), dims: [65, 64] } };
  await watch(t, t.times(5_000, 500), () =>
    Promise.allSettled([session.run(tooLarge), session.run(feeds, { signal: AbortSignal.abort() })]),
  );
}

const LONG = { limitSeconds: 900 };

export const leaks = {
  name: 'leaks',
  title: 'Memory over time',
  needs: 'gpu',
  checks: [
    familyCheck('binding', 'runs of a binding keep no memory', bindingRuns, LONG),
    familyCheck('runs', 'runs of changing shapes keep no memory', plainRuns, LONG),
    familyCheck('unknown-sizes', 'outputs of unknown size keep no memory', unknownSizes, LONG),
    familyCheck('device-tensors', 'device tensors keep no memory', deviceTensors, LONG),
    familyCheck('sessions', 'sessions that are opened and closed keep no memory', sessions, LONG),
    familyCheck('failures', 'calls that fail keep no memory', failures, LONG),
  ],
};
