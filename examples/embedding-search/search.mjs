// SPDX-License-Identifier: Apache-2.0
// Finds where parts of a photo come from although their light, size and sharpness have changed: the tiles of the photo
// become vectors, the spoilt parts too, and the nearest vector is the answer.
//
//     node examples/embedding-search/search.mjs [--device cuda:0] [--sheet sheet.webp]

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { cosineSimilarity, topK } from 'tensorrt-node/ops';
import { createPipeline } from 'tensorrt-node/pipeline';

const TILE = 71;
const NEAREST = 4;
/** Parts of the photo by column and row, and what happened to each. */
const QUERIES = [
  { column: 2, row: 1, title: 'darker', spoil: (part) => part.modulate({ brightness: 0.6 }) },
  { column: 3, row: 3, title: 'turned, blurred', spoil: (part) => part.rotate(6).blur(1) },
  { column: 8, row: 2, title: 'pale', spoil: (part) => part.modulate({ saturation: 0.4, brightness: 1.2 }) },
  { column: 5, row: 5, title: 'JPEG, quality 15', spoil: (part) => part.jpeg({ quality: 15 }) },
];

const folder = fileURLToPath(new URL('.', import.meta.url));
const { values } = parseArgs({
  options: { device: { type: 'string', default: 'cpu' }, sheet: { type: 'string' } },
});
const photo = await readFile(join(folder, 'photos', 'pagoda.jpg'));
const { data, info } = await sharp(photo).removeAlpha().raw().toBuffer({ resolveWithObject: true });
const columns = Math.floor(info.width / TILE);
const places = Array.from({ length: columns * Math.floor(info.height / TILE) }, (_, index) => ({
  x: (index % columns) * TILE,
  y: Math.floor(index / columns) * TILE,
  width: TILE,
  height: TILE,
}));
const pipeline = await createPipeline(join(folder, 'photo-parts.onnx'), { device: values.device });
try {
  // One decoded photo: each tile is a crop of the same pixels, and nothing is copied.
  const { width, height } = info;
  const known = await pipeline.run(places.map((crop) => ({ data, width, height, format: 'rgb', crop })));
  const parts = await Promise.all(QUERIES.map(makePart));
  const queries = await pipeline.run(parts);
  const similarity = await cosineSimilarity(asTensor(queries), asTensor(known));
  const { values: cosines, indices } = await topK(similarity, NEAREST);
  console.log(`${known.length} tiles of pagoda.jpg, vectors of ${known[0].length} numbers`);
  for (const [index, { column, row, title }] of QUERIES.entries()) {
    const found = Array.from(indices.data.subarray(index * NEAREST, (index + 1) * NEAREST));
    const shown = found.map(
      (tile, place) => `${nameOf(tile)} ${cosines.data[index * NEAREST + place].toFixed(3)}`,
    );
    const isRight = found[0] === row * columns + column;
    console.log(
      `${`${column},${row}`} ${title.padEnd(17)} -> ${shown.join('  ')}  ${isRight ? 'found' : 'missed'}`,
    );
  }
  if (values.sheet !== undefined) await drawSheet(parts, indices.data);
} finally {
  await pipeline.close();
}

function asTensor(vectors) {
  const size = vectors[0].length;
  const all = new Float32Array(vectors.length * size);
  vectors.forEach((vector, index) => all.set(vector, index * size));
  return { data: all, dims: [vectors.length, size] };
}

function nameOf(tile) {
  return `${tile % columns},${Math.floor(tile / columns)}`;
}

/** The middle of a tile, spoilt: an encoded image. */
async function makePart({ column, row, spoil }) {
  const place = { left: column * TILE, top: row * TILE, width: TILE, height: TILE };
  const whole = await spoil(sharp(photo).extract(place)).toBuffer({ resolveWithObject: true });
  const side = TILE - 8;
  // Turning has made it larger, with black corners, which are outside of this part.
  const left = Math.round((whole.info.width - side) / 2);
  const top = Math.round((whole.info.height - side) / 2);
  return sharp(whole.data).extract({ left, top, width: side, height: side }).png().toBuffer();
}

/** A row for each query: it, and what was found, the best first. */
async function drawSheet(parts, found) {
  const side = 96;
  const gap = 8;
  const cell = async (image, column, row) => ({
    input: await image.resize(side, side).toBuffer(),
    left: gap + column * (side + gap) + (column > 0 ? 2 * gap : 0),
    top: gap + row * (side + gap),
  });
  const cells = parts.flatMap((part, row) => [
    cell(sharp(part), 0, row),
    ...Array.from(found.subarray(row * NEAREST, (row + 1) * NEAREST), (tile, column) => {
      const { x, y } = places[tile];
      return cell(sharp(photo).extract({ left: x, top: y, width: TILE, height: TILE }), column + 1, row);
    }),
  ]);
  const size = (count) => gap + count * (side + gap);
  const sheet = { width: size(NEAREST + 1) + 2 * gap, height: size(parts.length), channels: 3 };
  const blank = sharp({ create: { ...sheet, background: '#ffffff' } });
  await blank
    .composite(await Promise.all(cells))
    .webp({ quality: 80 })
    .toFile(values.sheet);
  console.log(`written: ${values.sheet}`);
}
