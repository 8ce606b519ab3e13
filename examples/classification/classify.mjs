// SPDX-License-Identifier: Apache-2.0
// Photos in, labels with probabilities out. What is done before and after the model is in surfaces.pipeline.json.
//
//     node examples/classification/classify.mjs [--device cuda:0] [photo.jpg ...]

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
const photos = positionals.length > 0 ? positionals : await listPhotos();

const pipeline = await createPipeline(join(folder, 'surfaces.onnx'), { device: values.device });
try {
  const results = await pipeline.run(await Promise.all(photos.map((path) => readFile(path))));
  for (const [index, classes] of results.entries()) {
    const shown = classes.map(({ label, score }) => `${label} ${(100 * score).toFixed(1)} %`);
    console.log(`${basename(photos[index]).padEnd(12)} ${shown.join(', ')}`);
  }
  const times = Object.entries(pipeline.statistics().stageMs).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
  console.log(`milliseconds for ${photos.length} photos on ${pipeline.session.device}: ${times.join(', ')}`);
} finally {
  await pipeline.close();
}

async function listPhotos() {
  const names = (await readdir(join(folder, 'photos'))).filter((name) => name.endsWith('.jpg'));
  return names.sort().map((name) => join(folder, 'photos', name));
}
