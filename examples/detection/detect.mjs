// SPDX-License-Identifier: Apache-2.0
// Scenes in, boxes of road signs out, drawn into copies of the scenes. What is done before and after the model is in
// signs.pipeline.json.
//
//     node examples/detection/detect.mjs [--device cuda:0] [--out folder] [scene.jpg ...]

import { mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { createPipeline } from 'tensorrt-node/pipeline';

const folder = fileURLToPath(new URL('.', import.meta.url));
const { values, positionals } = parseArgs({
  options: { device: { type: 'string', default: 'cpu' }, out: { type: 'string' } },
  allowPositionals: true,
});
const scenes = positionals.length > 0 ? positionals : await listScenes();
const pipeline = await createPipeline(join(folder, 'signs.onnx'), { device: values.device });
try {
  const files = await Promise.all(scenes.map((path) => readFile(path)));
  const results = await pipeline.run(files);
  for (const [index, signs] of results.entries()) {
    const name = basename(scenes[index]);
    for (const { label, score, box } of signs) {
      const { x, y, width, height } = box;
      const place = `x ${x.toFixed(0)}, y ${y.toFixed(0)}, ${width.toFixed(0)} x ${height.toFixed(0)}`;
      console.log(`${name.padEnd(12)} ${label.padEnd(12)} ${score.toFixed(3)}  ${place}`);
    }
    if (values.out !== undefined) await drawBoxes(files[index], signs, name);
  }
} finally {
  await pipeline.close();
}

async function listScenes() {
  const names = (await readdir(join(folder, 'scenes'))).filter((name) => name.endsWith('.jpg'));
  return names.sort().map((name) => join(folder, 'scenes', name));
}

/** Writes the scene with its boxes as PNG: an SVG of the scene's size laid over it. */
async function drawBoxes(file, signs, name) {
  const { width, height } = await sharp(file).metadata();
  const marks = signs.map(({ label, score, box }) => {
    const { x, y } = box;
    const text = `${label} ${score.toFixed(2)}`;
    // Above the box, or inside of it where there is no room.
    const top = y >= 16 ? y - 16 : y;
    return `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" class="box"/>
      <rect x="${x - 1}" y="${top}" width="${7.3 * text.length + 8}" height="16" fill="#00c853"/>
      <text x="${x + 3}" y="${top + 12}">${text}</text>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <style>.box { fill: none; stroke: #00c853; stroke-width: 3 } text { font: bold 12px monospace }</style>
    ${marks.join('\n')}</svg>`;
  await mkdir(values.out, { recursive: true });
  const path = join(values.out, name.replace(/\.\w+$/, '.png'));
  await sharp(file)
    .composite([{ input: Buffer.from(svg) }])
    .png()
    .toFile(path);
  console.log(`written: ${path}`);
}
