// SPDX-License-Identifier: Apache-2.0
// What NVIDIA gives for the same: trtexec, Polygraphy and TensorRT's Python API, where a GPU host has them.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPeerModule, Peer } from '../../scripts/gpu-check/peer.mjs';
import { percentile } from '../harness/stats.mjs';
import { oursOnGpu } from './ours.mjs';

const ENGINE = 'peers.engine';
const MICROSECONDS = 1000;

/** trtexec on the engine that this package built, with transfers, as a caller has them. */
export const trtexec = {
  name: 'trtexec',
  whyNot: whyNotWith(() => (trtexecPath() === null ? 'trtexec is not installed' : null)),
  settings: (task) =>
    `\`trtexec ${trtexecArguments(task, 'model.engine', 'times.json').join(' ')}\`; latency is its h2d + compute + d2h`,
  async measure(task) {
    const times = join(task.folder, 'times.json');
    await runQuietly(trtexecPath(), trtexecArguments(task, await engineOf(task), times));
    const queries = JSON.parse(readFileSync(times, 'utf8'));
    const wallMs = queries.at(-1).endD2hMs - queries[0].startH2dMs;
    return figuresOf(
      queries.map(({ latencyMs }) => latencyMs),
      wallMs,
    );
  },
};

function trtexecArguments({ seconds }, engine, times) {
  return [
    `--loadEngine=${engine}`,
    '--warmUp=500',
    `--duration=${seconds}`,
    '--infStreams=1',
    '--useCudaGraph',
    // Version 11 leaves transfers out and spins unless told; 10 knows neither option.
    ...(trtexecMajor() >= 11 ? ['--includeDataTransfers', '--noSpinWait'] : []),
    `--exportTimes=${times}`,
  ];
}

function trtexecPath() {
  const folders = [
    ...(process.env.PATH ?? '').split(':'),
    '/usr/src/tensorrt/bin',
    '/usr/local/tensorrt/bin',
  ];
  const root = process.env.TENSORRT_ROOT;
  const paths = [...(root ? [join(root, 'bin')] : []), ...folders].map((folder) => join(folder, 'trtexec'));
  return paths.find((path) => existsSync(path)) ?? null;
}

function trtexecMajor() {
  const { stdout = '' } =
    trtexecPath() === null ? {} : spawnSync(trtexecPath(), ['--help'], { encoding: 'utf8' });
  // "TensorRT v110100" and "TensorRT.trtexec [TensorRT v101600]".
  const version = Number(/TensorRT v(\d+)/.exec(stdout)?.[1] ?? 0);
  return Math.floor(version / 10_000);
}

/** Polygraphy's own loop over its own engine of the model: mean alone, as it tells no percentiles. */
export const polygraphy = {
  name: 'Polygraphy',
  whyNot: whyNotWith(() =>
    spawnSync('polygraphy', ['--version']).status === 0 ? null : 'polygraphy is not installed',
  ),
  settings: () =>
    '`polygraphy run model.onnx --trt --warm-up 50 --iterations 500`; it tells the mean, shown in every column',
  async measure(task) {
    const args = ['run', task.model, '--trt', '--warm-up', '50', '--iterations', '500'];
    const output = await runQuietly('polygraphy', args);
    const mean = Number(/Average inference time: ([\d.]+) ms/.exec(output)?.[1]);
    if (!Number.isFinite(mean))
      throw new Error(`polygraphy tells no average inference time:\n${output.slice(-2000)}`);
    return { p50Ms: mean, p90Ms: mean, p99Ms: mean, inferencesPerSecond: 1000 / mean };
  },
};

/** execute_async_v3() in one CUDA graph with its copies, on the engine that this package built. */
export const tensorRtPython = {
  name: 'TensorRT (Python API)',
  whyNot: whyNotWith((library) => findPeerModule(library, { modules: pythonModules() }).reason ?? null),
  settings: ({ seconds }) =>
    `page-locked memory, copies and execute_async_v3() in one CUDA graph, cuStreamSynchronize() after each, 100 runs before, about ${seconds} s`,
  async measure(task) {
    const { module } = findPeerModule(await usableLibrary(), { modules: pythonModules() });
    const peer = new Peer({
      command: 'python3',
      module,
      engine: await engineOf(task),
      ordinal: 0,
      shapes: {},
    });
    try {
      await peer.ready();
      const first = await peer.measure('graph', 100);
      const count = Math.max(100, Math.round((task.seconds * 1e6) / percentile(first, 0.5)));
      const times = (await peer.measure('graph', count)).map((us) => us / MICROSECONDS);
      return figuresOf(
        times,
        times.reduce((a, b) => a + b, 0),
      );
    } finally {
      peer.close();
    }
  },
};

function whyNotWith(ownReason) {
  return async (task) => {
    const noGpu = await oursOnGpu.whyNot(task);
    return noGpu ?? ownReason(await usableLibrary());
  };
}

async function usableLibrary() {
  const { probe } = await import('tensorrt-node');
  return (await probe()).tensorrt.find(({ usable }) => usable);
}

function pythonModules() {
  const names = ['tensorrt', 'tensorrt_rtx', 'tensorrt_rtx_bindings'];
  const versionOf = (name) => {
    const { status, stdout } = spawnSync('python3', ['-c', `import ${name}; print(${name}.__version__)`], {
      encoding: 'utf8',
    });
    return status === 0 ? stdout.trim() : null;
  };
  return Object.fromEntries(names.map((name) => [name, versionOf(name)]));
}

/** The engine of the model, built once for all sides. */
async function engineOf({ model, folder }) {
  const path = join(folder, ENGINE);
  if (existsSync(path)) return path;
  const { buildEngine } = await import('tensorrt-node');
  await buildEngine(model, { outputPath: path });
  return path;
}

async function runQuietly(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output.slice(-2000)}`);
  return output;
}

function figuresOf(times, wallMs) {
  return {
    p50Ms: percentile(times, 0.5),
    p90Ms: percentile(times, 0.9),
    p99Ms: percentile(times, 0.99),
    inferencesPerSecond: (times.length * 1000) / wallMs,
  };
}
