// SPDX-License-Identifier: Apache-2.0
// Inputs whose memory is taken away, changes its size, or is shared with other threads.
import { familyCheck } from '../check.mjs';
import { MODELS } from '../models.mjs';

const SIZE = 8;
const feedsOf = (seed) => MODELS.mlp.feeds(SIZE, seed);
const tensorOver = (data) => ({ data, dims: [SIZE, 64] });

/** Takes the memory of an array away, as sending it to another thread does. */
const detach = ({ buffer }) => structuredClone(buffer, { transfer: [buffer] });

const refuse = (t, session, data) =>
  t.expectError('ERR_TRT_RUN_INPUT_SIZE', () => session.run({ x: tensorOver(data) }));

async function detached(t) {
  const session = await t.session('mlp');
  for (let round = 0; round < 10; round++) {
    const feeds = feedsOf(round);
    const x = Float32Array.from(feeds.x.data);
    const running = session.run({ x: tensorOver(x) });
    detach(x);
    t.expectOutputs('mlp', feeds, await running, `detached during run ${round}`);
    t.note('message', (await refuse(t, session, x)).message);
  }
}

async function resized(t) {
  if (!('resize' in ArrayBuffer.prototype)) t.skip(`Node ${process.version} has no resizable ArrayBuffer`);
  const session = await t.session('mlp');
  const feeds = feedsOf(1);
  const bytes = feeds.x.data.byteLength;
  const x = new Float32Array(new ArrayBuffer(bytes, { maxByteLength: 2 * bytes }));
  for (let round = 0; round < 10; round++) {
    x.buffer.resize(bytes);
    x.set(feeds.x.data);
    const running = session.run({ x: tensorOver(x) });
    x.buffer.resize(4);
    t.expectOutputs('mlp', feeds, await running, `made smaller during run ${round}`);
    await refuse(t, session, x);
    x.buffer.resize(2 * bytes);
    await refuse(t, session, x);
  }
}

async function shared(t) {
  const session = await t.session('mlp');
  const feeds = feedsOf(2);
  // Not at the start of its buffer either.
  const x = new Float32Array(new SharedArrayBuffer(feeds.x.data.byteLength + 64), 8, feeds.x.data.length);
  x.set(feeds.x.data);
  for (let round = 0; round < 5; round++) {
    t.expectOutputs('mlp', feeds, await session.run({ x: tensorOver(x) }), `run() ${round}`);
    t.expectOutputs('mlp', feeds, session.runSync({ x: tensorOver(x) }), `runSync() ${round}`);
  }
}

export const inputs = {
  name: 'inputs',
  title: 'Where inputs lie',
  needs: 'gpu',
  checks: [
    familyCheck('detached', 'an array may be detached after the call, and is refused after that', detached),
    familyCheck('resized', 'an array that changes its size does no harm', resized),
    familyCheck('shared', 'inputs in a SharedArrayBuffer', shared),
  ],
};
