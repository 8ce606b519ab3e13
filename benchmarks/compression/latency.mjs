// SPDX-License-Identifier: Apache-2.0
// Times of two models in turn: what disturbs one disturbs the other.

import { createSession } from 'tensorrt-node';
import { ON_ONE_THREAD } from './networks.mjs';

const WARM_UP = 5;

/**
 * The least milliseconds of a run of each of two models, which take turns.
 *
 * @param models paths or bytes
 * @param how `{ inputs, batch, seconds }`: samples, how many of them one run has, and for how long to measure
 */
export async function leastTimes(models, { inputs, batch, seconds }) {
  const size = inputs.data.length / inputs.dims[0];
  const feeds = {
    input: { data: inputs.data.slice(0, batch * size), dims: [batch, ...inputs.dims.slice(1)] },
  };
  const sessions = [];
  try {
    for (const model of models) sessions.push(await createSession(model, ON_ONE_THREAD));
    for (let i = 0; i < WARM_UP; i++) for (const session of sessions) await session.run(feeds);
    const least = sessions.map(() => Infinity);
    const end = performance.now() + 1000 * seconds;
    while (performance.now() < end) {
      for (const [index, session] of sessions.entries()) {
        const started = performance.now();
        await session.run(feeds);
        least[index] = Math.min(least[index], performance.now() - started);
      }
    }
    return least;
  } finally {
    for (const session of sessions) await session.close();
  }
}
