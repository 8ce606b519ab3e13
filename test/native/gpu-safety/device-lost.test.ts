// SPDX-License-Identifier: Apache-2.0
// Errors after which the driver refuses all work: who is told what, and what goes on afterwards.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { deviceMemory, uploadTensor } from '../../../lib/runtime/device-memory';
import type { Session } from '../../../lib/runtime/session';
import { SCALE, SLOW } from '../../standin-plan';
import { doubled, expectCleanAfterCollection, failureOf, four, gpu, open, outcomesOf } from './support';

const ILLEGAL_ADDRESS = 700;
const LOST = 'ERR_TRT_CUDA_DEVICE_LOST';
const POISONED = 'ERR_TRT_CUDA_POISONED';
const upload = () => uploadTensor({ type: 'float32', data: four(), dims: [4] });

/** The second makes a graph, the third launches it again. */
async function threeRuns(session: Session): Promise<void> {
  for (let run = 0; run < 3; run++) await session.run({ x: four() });
}

beforeEach(() => gpu.reset());
afterEach(async () => {
  gpu.reset();
  await expectCleanAfterCollection();
});

describe('a kernel that breaks the device', () => {
  it('is told to its call as lost, to all others on the device as poisoned', async () => {
    const [session, other] = await Promise.all([open(), open()]);
    const io = await other.createBinding();
    const tensor = await upload();
    gpu.fault('op:kernel', 1, ILLEGAL_ADDRESS);
    const lost = await failureOf(session.run({ x: four() }));
    expect(lost.code).toBe(LOST);
    // A fault of a kernel shows at whichever call comes after it ran: the copy behind it, or the wait for its end.
    expect(['cuMemcpyDtoHAsync', 'cuEventSynchronize']).toContain(lost.details.where);
    expect(lost.message).toContain('CUDA_ERROR_ILLEGAL_ADDRESS');
    const calls = [
      () => session.run({ x: four() }),
      () => other.run({ x: four() }),
      () => other.run({ x: four() }, { deviceOutputs: true }),
      () => other.run({ x: tensor }),
      () => other.createBinding(),
      () => io.run(),
      () => other.trace({ x: four() }),
      () => open(),
      () => upload(),
      () => tensor.toTensor(),
      () => deviceMemory('cuda:0'),
    ];
    for (const call of calls) {
      const error = await failureOf(call());
      expect(error.code).toBe(POISONED);
      expect(String(error.details.cause)).toContain('CUDA_ERROR_ILLEGAL_ADDRESS');
      expect(error.details.call).toBe(lost.details.where);
      expect(Number(error.details.result)).toBe(ILLEGAL_ADDRESS);
    }
    expect(() => session.runSync({ x: four() })).toThrow(/is lost since/);
    expect(() => io.runSync()).toThrow(/is lost since/);
    // What needs no device still answers.
    expect(session.statistics().failedRuns).toBeGreaterThan(0);
    tensor.close();
    await Promise.all([session.close(), other.close()]);
  });

  it('leaves nothing behind once all sessions of the device are closed', async () => {
    for (let round = 0; round < 5; round++) {
      const session = await open(SLOW, { contexts: 2 });
      const io = await session.createBinding();
      gpu.fault('op:kernel', 1 + round, ILLEGAL_ADDRESS);
      const calls = Array.from({ length: 8 }, (_, i) => (i % 2 ? session.run({ x: four() }) : io.run()));
      const outcomes = await outcomesOf(calls);
      expect(outcomes).toContain(LOST);
      expect(outcomes.filter((outcome) => !['done', LOST, POISONED].includes(outcome))).toEqual([]);
      await session.close();
      const next = await open();
      expect((await next.run({ x: four() })).y!.data).toEqual(doubled());
      await next.close();
    }
  });

  it('in a binding, a blocking run, a copy or a graph is the same', async () => {
    const breaks: [string, (session: Session) => Promise<unknown>][] = [
      ['op:kernel', async (session) => (await session.createBinding()).run()],
      ['op:h2d', (session) => session.run({ x: four() })],
      ['op:d2h', (session) => session.run({ x: four() })],
      ['op:kernel', async (session) => session.runSync({ x: four() })],
      ['op:kernel', (session) => session.trace({ x: four() })],
      ['cuGraphLaunch', threeRuns],
      ['cuStreamBeginCapture', threeRuns],
      ['cuGraphInstantiateWithFlags', threeRuns],
    ];
    for (const [entry, use] of breaks) {
      const session = await open();
      gpu.fault(entry, 1, ILLEGAL_ADDRESS);
      expect([entry, (await failureOf(use(session))).code]).toEqual([entry, LOST]);
      expect((await failureOf(session.run({ x: four() }))).code).toBe(POISONED);
      await session.close();
    }
  });

  it('while an engine is loaded fails the load; the next one works', async () => {
    for (const entry of ['cuMemAlloc', 'cuStreamCreateWithPriority', 'cuCtxPushCurrent', 'cuEventCreate']) {
      gpu.fault(entry, 1, ILLEGAL_ADDRESS);
      const error = await failureOf(open());
      expect([entry, error.code]).toEqual([
        entry,
        expect.stringMatching(/^ERR_TRT_(CUDA_|LOAD_DESERIALIZE|RUN_FAILED)/),
      ]);
      const next = await open();
      await next.run({ x: four() });
      await next.close();
    }
  });
});

describe('a GPU that falls off the bus', () => {
  it('ends every call with an error, and nothing hangs', async () => {
    const session = await open(SLOW, { contexts: 2 });
    const io = await session.createBinding();
    const tensor = await upload();
    const calls = Array.from({ length: 6 }, (_, i) => (i % 2 ? session.run({ x: four() }) : io.run()));
    const settled = outcomesOf(calls);
    gpu.gone();
    const outcomes = await settled;
    expect(outcomes.filter((outcome) => outcome === LOST).length).toBeGreaterThan(0);
    expect(outcomes.filter((outcome) => ![LOST, POISONED, 'done'].includes(outcome))).toEqual([]);
    expect((await failureOf(session.run({ x: four() }))).code).toBe(POISONED);
    expect((await failureOf(tensor.toTensor())).code).toMatch(/POISONED|CUDA_INIT/);
    // The driver does not start any more either.
    expect((await failureOf(open())).code).toBe('ERR_TRT_CUDA_INIT');
    tensor.close();
    await io.close();
    await session.close();
    expect((await failureOf(open(SCALE))).code).toBe('ERR_TRT_CUDA_INIT');
  });
});
