// SPDX-License-Identifier: Apache-2.0
import { familyCheck } from '../check.mjs';
import { MODELS, randomTensor } from '../models.mjs';
import { percentile } from '../numbers.mjs';

/** Rates are reported; beyond this something waits that should not, whatever the host does besides. */
const GROSS_RATIO = 10;
/** 99 of 100 turns of the event loop come at most this late while the GPU works. */
const LOOP_DELAY_LIMIT_MS = 50;
const LOOP_TICK_MS = 5;

/** Calls that wait for `session` at any time, so that it is never idle. */
async function throughput(session, inputs, seconds, lanes) {
  let done = 0;
  const end = performance.now() + seconds * 1000;
  const lane = async (index) => {
    for (let call = index; performance.now() < end; call++) {
      await session.run(inputs[call % inputs.length]);
      done++;
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
  return (done * 1000) / (performance.now() - started);
}

/** Runs per second with one context and with two, measured in turn. */
async function overlap(t, name, makeInput) {
  const inputs = Array.from({ length: 16 }, (_, index) => makeInput(index));
  const sessions = [await t.session(name), await t.session(name, { contexts: 2 })];
  for (const session of sessions) await throughput(session, inputs, 0.2, 4);
  const rounds = t.times(5, 3);
  const rates = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const [index, session] of sessions.entries()) {
      rates[index].push(await throughput(session, inputs, t.times(1, 0.3), 8));
    }
  }
  // Whatever else the host does makes a round slower, never faster.
  const [one, two] = rates.map((list) => Math.max(...list));
  t.note('runsPerSecond', { oneContext: one, twoContexts: two, rates });
  t.note('ratio', two / one);
  t.expect(one / two < GROSS_RATIO, `two contexts make it ${(one / two).toFixed(1)} times slower`);
}

const heavyInput = (index) => ({ x: randomTensor([64, 1024], index) });

async function priorities(t) {
  const feeds = MODELS.mlp.feeds(8, 1);
  for (const streamPriority of ['low', 'normal', 'high']) {
    const session = await t.session('mlp', { streamPriority });
    t.expectOutputs('mlp', feeds, await session.run(feeds), streamPriority);
  }
}

/** How long the event loop is held up while the GPU is busy. */
async function loopStaysFree(t) {
  const session = await t.session('heavy', { contexts: 2 });
  const delays = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    delays.push(Math.max(0, now - last - LOOP_TICK_MS));
    last = now;
  }, LOOP_TICK_MS);
  const inputs = Array.from({ length: 8 }, (_, index) => heavyInput(index));
  await throughput(session, inputs, t.times(3, 1), 8).finally(() => clearInterval(timer));
  judgeLoopDelays(t, delays);
}

/** Reports the delays of the event loop's turns, and fails where they show that it was held up. */
export function judgeLoopDelays(t, delays) {
  t.expect(delays.length > 10, `the event loop hardly turned: ${delays.length} times`);
  const p99 = percentile(delays, 0.99);
  t.note('delayMs', {
    median: percentile(delays, 0.5),
    p99,
    worst: Math.max(...delays),
    limitOfP99: LOOP_DELAY_LIMIT_MS,
    turns: delays.length,
  });
  const text = `99 of 100 turns of the event loop: up to ${p99.toFixed(1)} ms late`;
  t.expect(p99 < LOOP_DELAY_LIMIT_MS, `${text}, expected below ${LOOP_DELAY_LIMIT_MS} ms`);
}

export const streams = {
  name: 'streams',
  title: 'Several streams',
  needs: 'gpu',
  checks: [
    familyCheck('overlap', 'two contexts beside one: runs per second', (t) =>
      overlap(t, 'heavy', heavyInput),
    ),
    familyCheck('overlap-small', 'the same for runs of microseconds', (t) =>
      overlap(t, 'mlp', (index) => MODELS.mlp.feeds(8, index)),
    ),
    familyCheck('priorities', 'streams of every priority run', priorities),
    familyCheck(
      'event-loop',
      `the event loop turns while the GPU works, ${LOOP_DELAY_LIMIT_MS} ms late at most (99 %)`,
      loopStaysFree,
    ),
  ],
};
