// SPDX-License-Identifier: Apache-2.0
// The lives of a session that the fault matrix goes through: together they call everything that the package calls.

import { join } from 'node:path';
import { ROOT } from '../harness/paths.mjs';
import { loadTypeScript, planMaker } from '../harness/standin.mjs';

const { SCALE, TWO_PROFILES, NON_ZERO, RESHAPE, DEBUG, REFITTABLE, AUX_STREAMS } = planMaker();
const { makeModel } = loadTypeScript(join(ROOT, 'test/onnx-builder.ts'));

const FOUR = Float32Array.of(1, 2, 3, 4);
const NEW_WEIGHTS = makeModel({
  inputs: [{ name: 'x', dims: [4] }],
  outputs: [{ name: 'y', dims: [4] }],
  initializers: [{ name: 'w', dims: [1], data: [5] }],
  nodes: [{ op: 'Mul', inputs: ['x', 'w'], outputs: ['y'] }],
});

const rows = (count) => ({ x: { dims: [count, 4], data: new Float32Array(count * 4) } });

/**
 * Each with a plan, options of the session, and `first` and `steady`: what is done with `{ session, io }`. `api` is
 * the package.
 */
export const LIVES = {
  'fixed shapes': {
    plan: SCALE,
    first: bindAndRun,
    async steady({ session, io }) {
      await runThrice({ session, io });
      io.runSync();
    },
  },
  'stage times': {
    plan: SCALE,
    options: { stageTimes: true },
    first: bindAndRun,
    async steady({ session, io }) {
      await runThrice({ session, io });
      session.takeStageTimes();
    },
  },
  'dynamic shapes, shared memory': {
    plan: TWO_PROFILES,
    options: { contextMemory: 'shared', persistentCacheBytes: 4096 },
    async first(state) {
      state.io = await state.session.createBinding({ x: [2, 4] });
      await state.io.run();
      await state.session.run(rows(3));
    },
    async steady({ session, io }) {
      for (const count of [3, 12, 12, 12, 3]) await session.run(rows(count));
      await io.run();
    },
  },
  'sizes that depend on the data': {
    plan: NON_ZERO,
    async first(state) {
      state.io = await state.session.createBinding();
      await state.io.run();
      await state.session.run({ x: new Float32Array(6).fill(1) });
    },
    async steady({ session, io }) {
      await session.run({ x: Float32Array.of(0, 1, 0, 2, 0, 3) });
      await io.run();
    },
  },
  'shape tensors': {
    plan: RESHAPE,
    async first(state) {
      state.io = await state.session.createBinding({}, { values: { shape: [4, 3] } });
      await state.io.run();
      await state.session.run({ x: new Float32Array(12), shape: BigInt64Array.of(3n, 4n) });
    },
    async steady({ session }) {
      await session.run({ x: new Float32Array(12), shape: BigInt64Array.of(6n, 2n) });
    },
  },
  'tracing and questions': {
    plan: DEBUG,
    async first(state) {
      await state.session.trace({ x: FOUR }, { layerTimes: true, debugTensors: true });
    },
    async steady({ session }) {
      await session.trace({ x: FOUR }, { layerTimes: true, debugTensors: ['h'] });
      await session.inspectEngine();
      await session.engineStatistics();
    },
  },
  'new weights': {
    plan: REFITTABLE,
    async first({ session }) {
      await session.run({ x: FOUR });
    },
    async steady({ session }) {
      await session.refit(NEW_WEIGHTS);
      await session.run({ x: FOUR });
    },
  },
  'device tensors, auxiliary streams': {
    plan: AUX_STREAMS,
    async first({ session }) {
      await session.run({ x: FOUR });
    },
    async steady({ session, api }) {
      const x = await api.uploadTensor({ type: 'float32', dims: [4], data: FOUR }, { device: 'cuda:0' });
      try {
        const { y } = await session.run({ x }, { deviceOutputs: true });
        await y.toTensor().finally(() => y.close());
        const io = await session.createBinding({}, { inputs: { x }, deviceOutputs: true });
        await io.run().finally(() => io.close());
        await api.deviceMemory('cuda:0');
      } finally {
        x.close();
      }
    },
  },
  'weights that are streamed': {
    plan: { ...SCALE, streamableBytes: 4096 },
    options: { weightStreamingBudgetBytes: 1024 },
    async first({ session }) {
      await session.run({ x: FOUR });
    },
    async steady({ session }) {
      await session.run({ x: FOUR });
    },
  },
};

async function bindAndRun(state) {
  state.io = await state.session.createBinding();
  await state.io.run();
  await state.session.run({ x: FOUR });
}

/** The second run of a shape captures the graph, the third launches it. */
async function runThrice({ session, io }) {
  for (let i = 0; i < 3; i++) {
    await io.run();
    await session.run({ x: FOUR });
  }
}
