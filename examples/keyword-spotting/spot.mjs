// SPDX-License-Identifier: Apache-2.0
// Recordings in, keywords out: WAV, logarithmic mel bands, a small network, probabilities. What is done before and after
// the model is in keywords.pipeline.json.
//
//     node examples/keyword-spotting/spot.mjs [--device cuda:0] [recording.wav ...]

import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createPipeline } from 'tensorrt-node/pipeline';

const folder = fileURLToPath(new URL('.', import.meta.url));
const { values, positionals } = parseArgs({
  options: { device: { type: 'string', default: 'cpu' } },
  allowPositionals: true,
});
const recordings = positionals.length > 0 ? positionals : await listRecordings();

const pipeline = await createPipeline(join(folder, 'keywords.onnx'), { device: values.device });
try {
  const results = await pipeline.run(await Promise.all(recordings.map((path) => readFile(path))));
  for (const [index, classes] of results.entries()) {
    const shown = classes.map(({ label, score }) => `${label} ${(100 * score).toFixed(1)} %`);
    console.log(`${basename(recordings[index]).padEnd(12)} ${shown.join(', ')}`);
  }
} finally {
  await pipeline.close();
}

async function listRecordings() {
  const names = (await readdir(join(folder, 'recordings'))).filter((name) => name.endsWith('.wav'));
  return names.sort().map((name) => join(folder, 'recordings', name));
}
