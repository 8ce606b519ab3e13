// SPDX-License-Identifier: Apache-2.0
// preprocessImages() on the CPU beside sharp's resize with a JavaScript loop, and OpenCV's resize with blobFromImage:
// RGB pixels to a letterboxed float32 [1, 3, H, W], two threads each.
//
//     python3 -m venv .venv && .venv/bin/pip install -r scripts/references/requirements.txt
//     npm run bench:ops-preprocess -- --python .venv/bin/python [--rounds 5] [--json] [--write]

import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { preprocessImages } from '../../dist/ops/index.js';
import { runForJson } from '../harness/children.mjs';
import { markdownTable, publish, readOptions, say } from '../harness/report.mjs';
import { median } from '../harness/stats.mjs';

const THREADS = 2;
const CALLS = 30;
const FILL = 114;
const LEAST_OVER_SHARP = 2;
const MOST_OVER_OPENCV = 1.3;
// The step of the first is three pixels, of which bilinear without antialiasing needs one; the others need all weights.
const CASES = [
  { width: 1920, height: 1080, size: 640 },
  { width: 1920, height: 1080, size: 608 },
  { width: 1280, height: 960, size: 640 },
];
const ABOUT = `Bilinear, two pixels along each axis (OpenCV's \`INTER_LINEAR\`, \`antialias: false\`; sharp's \`kernel: 'linear'\`,
which shrinks by boxes first and so looks at more pixels). Each side makes its result anew in each call. A round has
${CALLS} calls of ours and of sharp's in turns, then as many of OpenCV's in a process of its own, each after five that
are not counted. Times are medians over all calls; ratios are those of the medians.`;

const options = readOptions({
  python: { type: 'string', default: 'python3' },
  rounds: { type: 'string', default: '5' },
});
sharp.concurrency(THREADS);
const versions = {};
const rows = [];
for (const one of CASES) rows.push(await measure(one));
const verdicts = rows.flatMap(({ name, sharpOverOurs, oursOverOpenCv }) => [
  {
    claim: `${name}: sharp and a JavaScript loop over ours`,
    value: sharpOverOurs.toFixed(2),
    target: `${LEAST_OVER_SHARP} or more`,
    isMet: sharpOverOurs >= LEAST_OVER_SHARP,
  },
  {
    claim: `${name}: ours over OpenCV's resize and blobFromImage`,
    value: oursOverOpenCv.toFixed(2),
    target: `${MOST_OVER_OPENCV} or less`,
    isMet: oursOverOpenCv <= MOST_OVER_OPENCV,
  },
]);
const table = markdownTable(
  ['pixels', 'ours, ms', 'sharp + loop, ms', 'OpenCV, ms', 'sharp / ours', 'ours / OpenCV'],
  rows.map(({ name, ours, sharp, openCv, sharpOverOurs, oursOverOpenCv }) => [
    name,
    ...[ours, sharp, openCv].map((ms) => ms.toFixed(2)),
    sharpOverOurs.toFixed(2),
    oursOverOpenCv.toFixed(2),
  ]),
);
const about = `${ABOUT}\n\nsharp ${sharp.versions.sharp}, OpenCV ${versions.openCv}.`;
publish('ops-preprocess', options, { results: rows, verdicts }, `${about}\n\n${table}`);
process.exitCode = verdicts.every(({ isMet }) => isMet) ? 0 : 1;

async function measure({ width, height, size }) {
  const name = `${width}x${height} to ${size}x${size}`;
  const pixels = Buffer.from(Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919) >> 3));
  const image = { data: pixels, width, height, format: 'rgb' };
  const sides = { ours: () => runOurs(image, size), sharp: () => runSharp(image, size) };
  const times = { ours: [], sharp: [], openCv: [] };
  for (let round = 0; round < Number(options.rounds); round++) {
    for (let call = -5; call < CALLS; call++) {
      for (const [side, run] of Object.entries(sides)) {
        const start = performance.now();
        await run();
        if (call >= 0) times[side].push(performance.now() - start);
      }
    }
    times.openCv.push(...(await runOpenCv(width, height, size)));
    say(`${name}, round ${round + 1}`);
  }
  const [ours, sharpMs, openCv] = [times.ours, times.sharp, times.openCv].map(median);
  return { name, ours, sharp: sharpMs, openCv, sharpOverOurs: sharpMs / ours, oursOverOpenCv: ours / openCv };
}

async function runOurs(image, size) {
  const { tensor } = await preprocessImages([image], {
    size,
    fit: 'contain',
    fill: FILL,
    antialias: false,
    threads: THREADS,
  });
  return tensor.data;
}

async function runSharp({ data, width, height }, size) {
  const background = { r: FILL, g: FILL, b: FILL };
  const resized = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(size, size, { fit: 'contain', background, kernel: 'linear' })
    .raw()
    .toBuffer();
  const plane = size * size;
  const result = new Float32Array(3 * plane);
  for (let pixel = 0, at = 0; pixel < plane; pixel++, at += 3) {
    result[pixel] = resized[at] / 255;
    result[plane + pixel] = resized[at + 1] / 255;
    result[2 * plane + pixel] = resized[at + 2] / 255;
  }
  return result;
}

async function runOpenCv(width, height, size) {
  const script = fileURLToPath(new URL('preprocess_peer.py', import.meta.url));
  const args = [script, ...[width, height, size, THREADS, CALLS, FILL].map(String)];
  const { version, milliseconds } = await runForJson(options.python, args, { env: process.env });
  versions.openCv = version;
  return milliseconds;
}
