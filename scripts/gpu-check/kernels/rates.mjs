// SPDX-License-Identifier: Apache-2.0
// How fast kernels move bytes, beside copies on the same device of as many bytes, in the same minutes.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadOperators, ROOT } from '../load-package.mjs';
import { percentile } from '../numbers.mjs';
import { floats } from './inputs.mjs';
import { operatorCase, planOf } from './operator-case.mjs';
import { rateCases } from './rate-cases.mjs';

const run = promisify(execFile);
const COPY_SCRIPT = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, 'copy-rate.py');

/** Bytes a second that the expected times are made of: what an H200 was seen to copy with. */
const EXPECTED_RATE = 4e12;
/** No memory of a GPU is as slow as this; a device that only looks like one is. */
const LEAST_RATE = 20e9;
/** A kernel below this part of the copy's rate has something wrong with it; the goal of 0.7 is not judged. */
const GROSS_SHARE = 0.05;
/** Launches in the short and in the long graph: their difference has no overhead of a run. */
const LAUNCHES = [8, 40];
const COPIES = 32;

/** Bytes of the two sides of a case, which have to be what the table of kernels says. */
function expectBytes(t, table, { kernel, share }, sides) {
  const { bytes } = table[kernel] ?? t.expect(false, `kernel-bytes.json has no kernel ${kernel}`);
  const said = bytes * share;
  const moved = sides.reduce((sum, { data }) => sum + data.byteLength, 0);
  t.expectEqual(moved, said, `bytes of ${kernel}`);
  return said;
}

/** A chain of the same launch again and again; all write to the same memory. */
async function repeatedChain(t, ops, one, { uploaded, launches }) {
  const from = uploaded.map((_, index) => `x${index}`);
  const specs = Object.fromEntries(from.map((name, index) => [name, specOf(uploaded[index])]));
  const steps = Array.from({ length: launches }, (_, index) => ({
    plan: planOf(ops, one),
    inputs: from,
    outputs: [`y${index}`],
  }));
  const last = `y${launches - 1}`;
  const chain = await ops.createChain(steps, {
    inputs: specs,
    outputs: [last],
    device: t.device,
    cudaGraph: 'on',
    deviceOutputs: true,
  });
  const inputs = Object.fromEntries(from.map((name, index) => [name, uploaded[index]]));
  return {
    time: async (out) => {
      const started = performance.now();
      await chain.run(inputs, { out: { [last]: out } });
      return performance.now() - started;
    },
    expectGraph: () =>
      t.expect(chain.statistics().cudaGraph.launches > 0, `${one.kernel}: no CUDA graph was launched`),
    close: () => chain.close(),
  };
}

const specOf = ({ type, dims }) => ({ type, dims });

/** Milliseconds of one launch, as the median of the differences of a long and a short graph. */
async function launchTime(t, ops, one, { uploaded, out }) {
  const chains = [];
  try {
    for (const launches of LAUNCHES) chains.push(await repeatedChain(t, ops, one, { uploaded, launches }));
    // The first runs load the kernel and capture.
    for (const chain of chains) for (let run = 0; run < 3; run++) await chain.time(out);
    const times = [];
    for (let round = 0; round < t.times(15, 7); round++) {
      const short = await chains[0].time(out);
      const long = await chains[1].time(out);
      times.push((long - short) / (LAUNCHES[1] - LAUNCHES[0]));
    }
    for (const chain of chains) chain.expectGraph();
    const median = percentile(times, 0.5);
    t.expect(median > 0, `${one.kernel}: more launches took less time: ${times.join(', ')} ms each`);
    return { median, best: percentile(times, 0), worst: percentile(times, 1) };
  } finally {
    for (const chain of chains) await chain.close();
  }
}

async function withUploaded(t, tensors, work) {
  const uploaded = [];
  try {
    for (const tensor of tensors) uploaded.push(await t.api.uploadTensor(tensor, { device: t.device }));
    return await work(uploaded);
  } finally {
    for (const tensor of uploaded) tensor.close();
  }
}

async function measureCase(t, ops, table, one) {
  const inputs = one.inputs();
  const plan = planOf(ops, one)(inputs.map(specOf));
  // Not zeros, which run faster.
  const target = poison(plan.outputs[0]);
  const bytes = expectBytes(t, table, one, [...inputs, target]);
  const times = await withUploaded(t, [...inputs, target], (uploaded) =>
    launchTime(t, ops, one, { uploaded: uploaded.slice(0, -1), out: uploaded.at(-1) }),
  );
  return { kernel: one.kernel, bytes, ...times };
}

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
};

function poison({ type, dims }) {
  const data = new ARRAYS[type](dims.reduce((count, dim) => count * dim, 1));
  new Uint8Array(data.buffer).fill(0xcd);
  return { type, dims, data };
}

/** Ends the check on a device whose memory is this machine's own: a stand-in. */
async function requireGpuMemory(t, ops) {
  const count = 2 ** 17;
  const probe = {
    kernel: 'probe',
    ...operatorCase('convert', () => [floats('float32', [count])], [{ type: 'float16' }]),
  };
  const [out] = [poison({ type: 'float16', dims: [count] })];
  const rate = await withUploaded(t, [...probe.inputs(), out], async (uploaded) => {
    const chain = await repeatedChain(t, ops, probe, { uploaded: [uploaded[0]], launches: LAUNCHES[1] });
    try {
      let milliseconds = Infinity;
      for (let run = 0; run < 5; run++) milliseconds = Math.min(milliseconds, await chain.time(uploaded[1]));
      return (count * 6 * LAUNCHES[1]) / (milliseconds / 1000);
    } finally {
      await chain.close();
    }
  });
  t.note('probeBytesPerSecond', Math.round(rate));
  if (rate < LEAST_RATE)
    t.skip(
      `${(rate / 1e9).toFixed(2)} GB/s over ${LAUNCHES[1]} launches: no GPU is as slow, so that rates say nothing`,
    );
}

/** Milliseconds of a copy for each number of bytes that it reads and writes together; null with the reason noted. */
async function copyTimes(t, sizes) {
  const command = process.env.PYTHON ?? 'python3';
  const driver = process.env.TENSORRT_NODE_DRIVER_LIBRARY ?? 'libcuda.so.1';
  const task = { driver, ordinal: Number(t.device.split(':')[1]), bytes: sizes, copies: COPIES };
  try {
    const { stdout } = await run(command, [COPY_SCRIPT, JSON.stringify(task)], { timeout: 120_000 });
    return JSON.parse(stdout).milliseconds;
  } catch (error) {
    const text = (error.stderr || error.message).trim().split('\n').at(-1);
    t.note('copies', `not measured: ${text}`);
    return null;
  }
}

/** The faster of two copies, made before and after the kernels. */
function fasterCopies(before, after) {
  if (before === null || after === null) return before ?? after;
  return before.map((time, index) => Math.min(time, after[index]));
}

/** The check. */
export async function measureRates(t) {
  const ops = loadOperators();
  await requireGpuMemory(t, ops);
  const table = JSON.parse(readFileSync(join(ROOT, 'native', 'ops', 'kernel-bytes.json'), 'utf8'));
  const sizes = rateCases.map(({ kernel, share }) => table[kernel].bytes * share);
  const before = await copyTimes(t, sizes);
  const measured = [];
  for (const one of rateCases) measured.push(await measureCase(t, ops, table, one));
  const copies = fasterCopies(before, await copyTimes(t, sizes));
  const rows = measured.map((one, index) => rowOf(one, copies?.[index]));
  t.note('kernels', rows);
  t.note(
    'notMeasured',
    Object.keys(table).filter((kernel) => !measured.some((one) => one.kernel === kernel)),
  );
  t.note('table', tableOf(rows));
  const slow = rows.filter(({ shareOfCopy }) => shareOfCopy !== null && shareOfCopy < GROSS_SHARE);
  t.expect(slow.length === 0, `far below the copy's rate: ${slow.map(({ kernel }) => kernel).join(', ')}`);
  if (copies === null) t.skip('measured, but there is no copy to compare with: see copies');
}

function rowOf({ kernel, bytes, median, best, worst }, copyMs) {
  return {
    kernel,
    bytes,
    expectedMs: (bytes / EXPECTED_RATE) * 1000,
    measuredMs: median,
    fastestMs: best,
    slowestMs: worst,
    bytesPerSecond: bytes / (median / 1000),
    copyMs: copyMs ?? null,
    shareOfCopy: copyMs === undefined ? null : copyMs / median,
  };
}

/** What the Markdown report shows. */
function tableOf(rows) {
  const number = (value, digits) => (value === null ? '' : value.toFixed(digits));
  return {
    head: ['kernel', 'bytes', 'ms at 4.0 TB/s', 'ms measured', 'ms of a copy', 'share of the copy'],
    rows: rows.map((row) => [
      `\`${row.kernel}\``,
      row.bytes.toLocaleString('en'),
      number(row.expectedMs, 3),
      number(row.measuredMs, 3),
      number(row.copyMs, 3),
      row.shareOfCopy === null ? '' : `${(100 * row.shareOfCopy).toFixed(0)} %`,
    ]),
  };
}
