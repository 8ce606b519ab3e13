// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, vi } from 'vitest';
import { createSessionTarget, type TargetOptions } from '../../../../lib/bench/subject/session-target';
import { DeviceTensor, type Session } from '../../../../lib/index';
import { fakeSession } from '../../../fake-session';

const x = Float32Array.of(1, 2, 3, 4);
const feeds = { x: { data: x, dims: [2, 2] } };
const options: TargetOptions = { calls: 'binding', slots: 1, contexts: 1, transfers: true };

describe('bindings', () => {
  it('hold the inputs, with the shapes that the model leaves open', async () => {
    const { session, seen } = fakeSession();
    const target = await createSessionTarget(session, [feeds], options);
    await target.call(0);
    expect(seen.bindings).toEqual([
      { shapes: { x: [2, 2] }, options: { inputs: {}, values: { x } }, runs: 1, isClosed: false },
    ]);
    await target.close();
    expect(seen.bindings[0]!.isClosed).toBe(true);
  });

  it('take the shape of a bare array where one dim is open', async () => {
    const { session, seen } = fakeSession();
    await createSessionTarget(session, [{ x }], options);
    expect(seen.bindings[0]!.shapes).toEqual({ x: [2, 2] });
  });

  it('ask for dims that an array does not tell', async () => {
    const { session } = fakeSession({ dims: ['batch', 'width'] });
    await expect(createSessionTarget(session, [{ x }], options)).rejects.toMatchObject({
      code: 'ERR_TRT_RUN_INPUT_SHAPE',
    });
  });

  it('belong to a slot each where there are as many', async () => {
    const { session, seen } = fakeSession();
    const target = await createSessionTarget(session, [feeds], { ...options, slots: 4, contexts: 2 });
    for (const slot of [0, 1, 1, 3]) await target.call(slot);
    expect(seen.bindings.map(({ runs }) => runs)).toEqual([1, 2, 0, 1]);
  });

  it('are shared in turn by more calls than two for each context', async () => {
    const { session, seen } = fakeSession();
    const target = await createSessionTarget(session, [feeds], { ...options, slots: 64, contexts: 1 });
    for (let call = 0; call < 10; call++) await target.call(call);
    expect(seen.bindings.map(({ runs }) => runs)).toEqual([5, 5]);
  });

  it('are closed when another one cannot be made', async () => {
    const { session, seen } = fakeSession();
    const make: Session['createBinding'] = session.createBinding.bind(session);
    let made = 0;
    session.createBinding = ((...args: Parameters<typeof make>) =>
      ++made === 2 ? Promise.reject(new Error('no memory')) : make(...args)) as never;
    await expect(createSessionTarget(session, [feeds], { ...options, slots: 2 })).rejects.toThrow(
      'no memory',
    );
    expect(seen.bindings.map(({ isClosed }) => isClosed)).toEqual([true]);
  });
});

describe('several sets of inputs', () => {
  const other = { x: { data: Float32Array.of(5, 6), dims: [1, 2] } };

  it('are taken in turn by runs, after each was checked', async () => {
    const { session, seen } = fakeSession();
    const target = await createSessionTarget(session, [feeds, other], { ...options, calls: 'run' });
    for (let call = 0; call < 3; call++) await target.call(0);
    expect(seen.runs.map((run) => run.feeds)).toEqual([feeds, other, feeds, other, feeds]);
  });

  it('have as many bindings each', async () => {
    const { session, seen } = fakeSession();
    const target = await createSessionTarget(session, [feeds, other], { ...options, slots: 3, contexts: 2 });
    for (let call = 0; call < 8; call++) await target.call(call % 3);
    expect(seen.bindings.map(({ shapes }) => shapes)).toEqual([
      { x: [2, 2] },
      { x: [1, 2] },
      { x: [2, 2] },
      { x: [1, 2] },
    ]);
    expect(seen.bindings.map(({ runs }) => runs)).toEqual([2, 2, 2, 2]);
  });
});

describe('run', () => {
  it('gives the same feeds to each call', async () => {
    const { session, seen } = fakeSession();
    const target = await createSessionTarget(session, [feeds], { ...options, calls: 'run' });
    await target.call(0);
    expect(seen.bindings).toEqual([]);
    // The first one checks.
    expect(seen.runs).toEqual([
      { feeds, options: undefined },
      { feeds, options: undefined },
    ]);
    await target.close();
  });
});

describe('without transfers', () => {
  const native = { type: 'float32', dims: [2, 2], bytes: 16, device: 1, close: vi.fn() };
  const uploaded = new DeviceTensor(native as never);
  const upload = vi.fn(async () => uploaded);
  const resident = { ...options, transfers: false };

  it('uploads the inputs once and closes the outputs of each call', async () => {
    const { session, seen } = fakeSession({ device: 'cuda:1' });
    const target = await createSessionTarget(session, [feeds], { ...resident, calls: 'run' }, upload);
    await target.call(0);
    await target.call(0);
    expect(upload.mock.calls).toEqual([[{ type: 'float32', data: x, dims: [2, 2] }, { device: 'cuda:1' }]]);
    expect(seen.runs.at(-1)).toEqual({ feeds: { x: uploaded }, options: { deviceOutputs: true } });
    expect(seen.closedOutputs).toBe(2);
    expect(native.close).not.toHaveBeenCalled();
    await target.close();
    expect(native.close).toHaveBeenCalledOnce();
  });

  it('leaves inputs and outputs of bindings on the device', async () => {
    const { session, seen } = fakeSession({ device: 'cuda:0' });
    await createSessionTarget(session, [feeds], resident, upload);
    expect(seen.bindings[0]!.options).toMatchObject({ deviceOutputs: true });
  });

  it('gives the memory back when the calls cannot be made', async () => {
    native.close.mockClear();
    const { session } = fakeSession({ device: 'cuda:0' });
    session.createBinding = () => Promise.reject(new Error('no memory'));
    await expect(createSessionTarget(session, [feeds], resident, upload)).rejects.toThrow('no memory');
    expect(native.close).toHaveBeenCalledOnce();
  });
});
