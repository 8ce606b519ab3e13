// SPDX-License-Identifier: Apache-2.0
// Growth of memory per run: the slope of a line through samples of it, so that what comes and goes does not count.
import { familyCheck } from '../check.mjs';
import { MODELS } from '../models.mjs';
import { slope } from '../numbers.mjs';

const MIB = 2 ** 20;
const SAMPLES = 40;
/** Samples before those that count: code is compiled and arenas are filled by then. */
const WARM_UP_SAMPLES = 10;
/** Growth over all counted runs that no measurement tells from none: allocators take and keep whole blocks. */
const NOISE_BYTES = 4 * MIB;

async function memoryNow(t) {
  globalThis.gc?.();
  const { freeBytes } = await t.api.deviceMemory(t.device);
  return { host: process.memoryUsage.rss(), device: -freeBytes };
}

/**
 * Repeats `action` and fails where host or device memory grows with it.
 *
 * @param {import('../check-context.mjs').CheckContext} t
 * @param {number} repetitions
 * @param {number} limit bytes for each run that count as no growth; where few runs are counted, their noise is more
 * @param {(index: number) => unknown} action
 */
export async function watch(t, repetitions, limit, action) {
  const each = Math.ceil(repetitions / (SAMPLES + WARM_UP_SAMPLES));
  const samples = [];
  let done = 0;
  const started = performance.now();
  for (let slice = 0; slice < SAMPLES + WARM_UP_SAMPLES; slice++) {
    for (let index = 0; index < each; index++) await action(done++);
    if (slice >= WARM_UP_SAMPLES) samples.push({ done, ...(await memoryNow(t)) });
  }
  t.note('runs', done);
  t.note('runsPerSecond', (done * 1000) / (performance.now() - started));
  t.note('isGarbageCollected', globalThis.gc !== undefined);
  judgeGrowth(t, samples, limit);
}

/**
 * Fails where a line through the samples rises faster than the limit.
 *
 * @param {import('../check-context.mjs').CheckContext} t
 * @param {{done: number, host: number, device: number}[]} samples
 * @param {number} limit
 */
export function judgeGrowth(t, samples, limit) {
  const runs = samples.at(-1).done - samples[0].done;
  const allowed = Math.max(limit, NOISE_BYTES / runs);
  const growthOf = (name) =>
    slope(
      samples.map(({ done }) => done),
      samples.map((sample) => sample[name]),
    );
  const growth = { host: growthOf('host'), device: growthOf('device') };
  t.note('bytesPerRun', { ...growth, limit: allowed });
  t.note('residentMiB', { first: samples[0].host / MIB, last: samples.at(-1).host / MIB });
  for (const [name, bytes] of Object.entries(growth)) {
    const text = `${name} memory grows by ${bytes.toFixed(1)} bytes a run`;
    t.expect(bytes < allowed, `${text}, expected below ${allowed.toFixed(1)} over ${runs} runs`);
  }
}

async function bindingRuns(t) {
  const session = await t.session('mlp');
  const io = t.own(await session.createBinding({ x: [8, 64] }));
  io.inputs.x.set(MODELS.mlp.feeds(8, 1).x.data);
  await watch(t, t.times(100_000, 10_000), 64, () => io.run());
}

async function plainRuns(t) {
  const session = await t.session('mlp', { contexts: 2 });
  const feeds = MODELS.mlp.sizes.map((size) => MODELS.mlp.feeds(size, size));
  await watch(t, t.times(10_000, 1_000), 256, () => Promise.all(feeds.map((one) => session.run(one))));
}

async function unknownSizes(t) {
  const session = await t.session('nonzero');
  const feeds = [1, 4, 16].map((size) => MODELS.nonzero.feeds(size, size));
  await watch(t, t.times(10_000, 1_000), 256, (index) => session.run(feeds[index % 3]));
}

async function deviceTensors(t) {
  const session = await t.session('add');
  const feeds = MODELS.add.feeds(32, 1);
  await watch(t, t.times(10_000, 1_000), 256, async () => {
    const a = await t.api.uploadTensor({ type: 'float32', ...feeds.a }, { device: t.device });
    const { z } = await session.run({ a, b: feeds.b }, { deviceOutputs: true });
    a.close();
    z.close();
  });
}

async function sessions(t) {
  const engine = await t.engine('mlp');
  const feeds = MODELS.mlp.feeds(8, 1);
  await watch(t, t.times(1_000, 100), 1024, async () => {
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
  await watch(t, t.times(10_000, 1_000), 256, () =>
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
