// SPDX-License-Identifier: Apache-2.0
// The process that cold-start.ts starts: imports the package, loads a model, runs it once, and tells how long each took.
// Nothing of the package is loaded before the clock runs: only types are imported here.

import { performance } from 'node:perf_hooks';
import type { ColdStartAnswer, ColdStartRequest, ColdStartTimes } from './cold-start';

// performance.now() counts from the start of the process.
const bootMs = performance.now();

process.once('message', (request: ColdStartRequest) => {
  measure(request).then(
    (times) => answer({ times }),
    (error: unknown) => {
      const { code = 'ERR_UNKNOWN', message = String(error) } = error as { code?: string; message?: string };
      answer({ error: { code, message } });
    },
  );
});
// The parent has gone, or has what it wanted.
process.once('disconnect', () => process.exit());

async function measure({ model, sessionOptions, feeds }: ColdStartRequest): Promise<ColdStartTimes> {
  const startMs = performance.now();
  const { createSession } = await import('../../index.js');
  const importedMs = performance.now();
  const session = await createSession(model, sessionOptions);
  const loadedMs = performance.now();
  await session.run(feeds);
  const endMs = performance.now();
  return {
    importMs: importedMs - startMs,
    loadMs: loadedMs - importedMs,
    firstRunMs: endMs - loadedMs,
    // Without the time in which the process waited to be told.
    totalMs: bootMs + endMs - startMs,
  };
}

function answer(message: ColdStartAnswer): void {
  process.send!(message);
}
