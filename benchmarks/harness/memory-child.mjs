// SPDX-License-Identifier: Apache-2.0
// Builds the given models in turn, in thread mode, and prints the resident memory along the way:
// memory-child.mjs <builds> <model>...

const [count, ...models] = process.argv.slice(2);
const { buildEngine, TensorRTError } = await import('tensorrt-node');
const samples = [];
let failed = 0;
for (let done = 1; done <= Number(count); done += 1) {
  try {
    await buildEngine(models[done % models.length], {
      runtime: 'tensorrt-rtx',
      isolation: 'thread',
      allowTypeChanges: true,
    });
  } catch (error) {
    if (!(error instanceof TensorRTError)) throw error;
    failed += 1;
  }
  if (done % 50 === 0) {
    globalThis.gc();
    samples.push({ builds: done, rssKiB: process.memoryUsage.rss() / 1024 });
  }
}
console.log(JSON.stringify({ samples, failed }));
