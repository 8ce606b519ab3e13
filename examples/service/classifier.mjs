// SPDX-License-Identifier: Apache-2.0
// The model, loaded once for all requests: the session queues, and its work is not done on the event loop.
import { createSession } from 'tensorrt-node';

const DIMS = [1, 1, 8, 8];

/** @param {ReturnType<typeof import('./config.mjs').readConfig>} config */
export async function openModel({ model, device, contexts, maxQueue, engineCache }) {
  return createSession(model, {
    device,
    contexts,
    maxQueue,
    // How the engine is built where there is a GPU; the CPU does not look at it.
    build: { dynamicAxes: { batch: [1, 1, 1] }, cacheDir: engineCache },
  });
}

/**
 * The first runs allocate memory and, on a GPU, record the CUDA graph: no user should wait for that.
 * @param {import('tensorrt-node').Session} session
 */
export async function warmUp(session) {
  for (let run = 0; run < 3; run++) await classify(session, new Float32Array(64));
}

/**
 * @param {import('tensorrt-node').Session} session
 * @param {Float32Array} pixels
 * @param {AbortSignal} [signal] withdraws the call while it waits in the queue
 */
export async function classify(session, pixels, signal) {
  const { logits } = await session.run({ images: { data: pixels, dims: DIMS } }, { signal });
  const probabilities = softmax(logits.data);
  const digit = probabilities.indexOf(Math.max(...probabilities));
  return { digit, probability: probabilities[digit], probabilities };
}

function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (value) => Math.exp(value - largest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}
