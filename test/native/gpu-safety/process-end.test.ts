// SPDX-License-Identifier: Apache-2.0
// How processes end that have something open on a GPU: with their own exit code, at once, and never by a crash.
import { describe, expect, it } from 'vitest';

import { runChild } from './children';

/** A session with runs, a binding, a device tensor and a trace in flight. */
const BUSY = `
  const session = await open({ contexts: 2 });
  const io = await session.createBinding();
  const tensor = await uploadTensor({ type: 'float32', data: four, dims: [4] });
  const calls = [];
  for (let i = 0; i < 10; i++) calls.push(session.run({ x: four }), io.run(), session.run({ x: tensor }));
  calls.push(session.run({ x: four }, { deviceOutputs: true }), tensor.toTensor());
  const settled = Promise.allSettled(calls);
  await calls[0];`;

/** What may have happened to the device before the process ends. */
const DEVICES: [string, string][] = [
  ['a healthy device', ''],
  ['a poisoned device', `control('fault op:kernel 1 700');`],
  ['a device that is gone', `control('gone');`],
];

describe.each(DEVICES)('with %s a process ends', (_, breakDevice) => {
  it.each([
    ['by process.exit() in flight', 'process.exit(7);', 7, ''],
    ['by an exception in flight', `setImmediate(() => { throw new Error('oops'); });`, 1, 'oops'],
    ['by an unhandled rejection', `Promise.reject(new Error('oops'));`, 1, 'oops'],
    ['by process.exit() later', 'await settled; process.exit(3);', 3, ''],
    ['by itself with everything open', 'await settled;', 0, ''],
    [
      'by itself after closing',
      'await session.close(); await io.close(); tensor.close(); await settled;',
      0,
      '',
    ],
  ])('%s', async (_, end, code, text) => {
    const { code: exit, signal, out } = await runChild(`${BUSY} ${breakDevice} ${end}`);
    expect([exit, signal, out.includes(text)]).toEqual([code, null, true]);
    if (text === '') expect(out).toBe('');
  });
});

describe('a process ends', () => {
  it('by itself with an idle session that nobody closed', async () => {
    const body = `const session = await open(); await session.run({ x: four });`;
    expect(await runChild(body)).toEqual({ code: 0, signal: null, out: '' });
  });

  it('by a signal as any other process', async () => {
    const { code, signal, out } = await runChild(`${BUSY} process.kill(process.pid, 'SIGTERM');`);
    expect([code, signal, out]).toEqual([null, 'SIGTERM', '']);
  });

  it('by a signal that it handles itself', async () => {
    const body = `process.on('SIGTERM', () => process.exit(143)); ${BUSY} process.kill(process.pid, 'SIGTERM');
      setInterval(() => {}, 1000);`;
    expect(await runChild(body)).toEqual({ code: 143, signal: null, out: '' });
  });

  it('in the middle of a load, an upload, a binding and a close', async () => {
    const loading = `open(); open(); uploadTensor({ type: 'float32', data: four, dims: [4] }); setImmediate(() => process.exit(4));`;
    expect(await runChild(loading)).toEqual({ code: 4, signal: null, out: '' });
    const closing = `${BUSY} session.createBinding().catch(() => {}); session.close(); process.exit(5);`;
    expect(await runChild(closing)).toEqual({ code: 5, signal: null, out: '' });
  });

  it('in a run that blocks, when the exit handler runs it', async () => {
    const body = `const session = await open(); await session.run({ x: four });
      process.on('exit', () => { try { session.runSync({ x: four }); } catch (e) { console.log(e.code); } });`;
    const { code, signal } = await runChild(body);
    expect([code, signal]).toEqual([0, null]);
  });

  it('only after its calls have ended, whose results it sees', async () => {
    const body = `const session = await open(); session.run({ x: four }).then(({ y }) => console.log(y.data.join()));`;
    expect(await runChild(body)).toEqual({ code: 0, signal: null, out: '2,4,6,8\n' });
  });
});
