// SPDX-License-Identifier: Apache-2.0
// `npm run docs:timeline`: runs four calls over the stand-in driver, records who did what when, and draws that as
// docs/guides/images/life-of-an-inference.svg.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStandin, planMaker } from '../benchmarks/harness/standin.mjs';
import { ROOT } from './sdk/steps.mjs';

const TARGET = join(ROOT, 'docs/guides/images/life-of-an-inference.svg');
const ELEMENTS = 1 << 14;
const BYTES = ELEMENTS * 4;
const CALLS = 4;
const ROWS = [
  { title: 'JavaScript', op: 'js' },
  { title: 'copy to the device', op: 'h2d' },
  { title: 'network', op: 'kernel' },
  { title: 'copy to the host', op: 'd2h' },
];
const COLOURS = ['#2f7ed8', '#d8712f', '#3a9d5d', '#9c56b8'];
const LEFT = 150;
const WIDTH = 900;
const ROW = 46;
const TOP = 34;

const { ops, marks } = await record();
writeFileSync(TARGET, draw(ops, marks));
console.log(`${TARGET}: ${ops.length} operations of ${CALLS} calls`);

/** Operations with the number of their call, and when each call began and ended; milliseconds from the first call. */
async function record() {
  const gpu = openStandin();
  gpu.reset();
  const { createSession } = await import('tensorrt-node');
  const { makePlan } = planMaker();
  const plan = makePlan('tensorrt-11', {
    name: 'timeline',
    inputs: [{ name: 'x', type: 'float32', dims: [1, ELEMENTS] }],
    outputs: [{ name: 'y', type: 'float32', dims: [1, ELEMENTS] }],
    layers: ['identity x y'],
    durationUs: 3000,
  });
  gpu.configure({ h2dMbps: BYTES / 1e6 / 0.002, d2hMbps: BYTES / 1e6 / 0.001 });
  const session = await createSession(plan, { device: 'cuda:0', contexts: 2 });
  const x = new Float32Array(ELEMENTS);
  for (let i = 0; i < 6; i++) await session.run({ x });
  gpu.configure({ record: true });
  const clock = () => Number(process.hrtime.bigint()) / 1e6;
  const calls = await Promise.all(
    Array.from({ length: CALLS }, async () => {
      const start = clock();
      await session.run({ x });
      return { start, end: clock() };
    }),
  );
  const recorded = gpu.timeline();
  await session.close();
  const zero = calls[0].start;
  const ops = numberByStream(recorded).map(({ op, call, start, end }) => ({
    op,
    call,
    start: start / 1000 - zero,
    end: end / 1000 - zero,
  }));
  return { ops, marks: calls.map(({ start, end }) => ({ start: start - zero, end: end - zero })) };
}

/** Calls are numbered by the start of their first copy; a stream serves one call after the other. */
function numberByStream(recorded) {
  const starts = recorded.filter(({ op }) => op === 'h2d').sort((a, b) => a.start - b.start);
  return recorded
    .filter(({ op }) => ['h2d', 'kernel', 'd2h'].includes(op))
    .map((entry) => ({
      ...entry,
      call: starts.findLastIndex(({ stream, start }) => stream === entry.stream && start <= entry.start),
    }));
}

function draw(ops, marks) {
  const end = Math.max(...marks.map((mark) => mark.end), ...ops.map((op) => op.end));
  const x = (ms) => LEFT + (ms / end) * (WIDTH - LEFT - 20);
  const y = (op) => TOP + ROWS.findIndex((row) => row.op === op) * ROW;
  const height = TOP + ROWS.length * ROW + 30;
  const bars = ops.map(
    ({ op, call, start, end: stop }) =>
      `<rect x="${x(start).toFixed(1)}" y="${y(op)}" width="${Math.max(1, x(stop) - x(start)).toFixed(1)}" height="${ROW - 14}" rx="3" fill="${COLOURS[call]}"/>` +
      `<text class="in" x="${((x(start) + x(stop)) / 2).toFixed(1)}" y="${y(op) + 21}">${call + 1}</text>`,
  );
  const lines = marks.map(({ start, end: stop }, call) => {
    const at = y('js') + 6 + call * 8;
    return (
      `<line x1="${x(start).toFixed(1)}" x2="${x(stop).toFixed(1)}" y1="${at}" y2="${at}" stroke="${COLOURS[call]}" stroke-width="3"/>` +
      `<circle cx="${x(stop).toFixed(1)}" cy="${at}" r="4" fill="${COLOURS[call]}"/>`
    );
  });
  const titles = ROWS.map(
    ({ title, op }) => `<text x="${LEFT - 10}" y="${y(op) + 21}" text-anchor="end">${title}</text>`,
  );
  const ticks = Array.from({ length: Math.floor(end / 2) + 1 }, (_, i) => i * 2).map(
    (ms) =>
      `<line class="tick" x1="${x(ms).toFixed(1)}" x2="${x(ms).toFixed(1)}" y1="${TOP - 8}" y2="${height - 26}"/>` +
      `<text class="ms" x="${x(ms).toFixed(1)}" y="${height - 10}">${ms} ms</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Timeline of ${CALLS} inferences over two contexts">
<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .in { fill: #fff; text-anchor: middle; font-weight: 600; }
  .ms { text-anchor: middle; font-size: 11px; }
  .tick { stroke: #8884; }
  @media (prefers-color-scheme: dark) { text { fill: #d0d7de; } }
</style>
<text x="${LEFT}" y="16">one colour for each call: from run() to its result (dot), and what the GPU does for it</text>
${[...ticks, ...titles, ...lines, ...bars].join('\n')}
</svg>
`;
}
