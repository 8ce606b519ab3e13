// SPDX-License-Identifier: Apache-2.0
// Where the things that benchmarks compare with are.

import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const SDK = join(ROOT, '.sdk');
const PEERS = join(SDK, 'peers');

/** Why the Python peers cannot be used, or null if they can. */
export function missingPeers() {
  const needed = [
    join(PEERS, 'tensorrt_rtx_bindings'),
    join(PEERS, 'onnx'),
    join(SDK, 'python', 'tensorrt_rtx_libs'),
  ];
  const missing = needed.filter((path) => !existsSync(path)).map((path) => path.slice(ROOT.length));
  return missing.length === 0 ? null : `${missing.join(', ')} missing; run: npm run sdk -- --group run,peers`;
}

/** Ends the process with one clear line where the Python peers are missing. */
export function requirePeers() {
  const reason = missingPeers();
  if (reason === null) return;
  console.error(`the Python peers are not installed: ${reason}`);
  process.exit(1);
}

/** Command and environment for the Python interpreter that sees the peers. */
export function pythonPeer() {
  const path = [PEERS, join(SDK, 'python'), process.env.PYTHONPATH].filter(Boolean).join(delimiter);
  return { command: process.env.PYTHON ?? 'python3', env: { ...process.env, PYTHONPATH: path } };
}

/** Path of a model in the test data of the onnx Python package, e.g. `light/light_resnet50.onnx`. */
export function onnxTestModel(name) {
  return join(PEERS, 'onnx/backend/test/data', name);
}

/** Versions of what is compared, as installed. */
export function installedVersions() {
  const require = createRequire(import.meta.url);
  return {
    'tensorrt-node': require('../../package.json').version,
    'onnxruntime-node': require('onnxruntime-node/package.json').version,
    'TensorRT-RTX libraries': pythonVersion(join(SDK, 'python'), 'tensorrt_rtx_cu13_libs'),
    'TensorRT-RTX Python API': pythonVersion(PEERS, 'tensorrt_rtx_cu13_bindings'),
    onnx: pythonVersion(PEERS, 'onnx'),
  };
}

function pythonVersion(folder, name) {
  const entries = existsSync(folder) ? readdirSync(folder) : [];
  const found = entries
    .map((entry) => /^(.+)-(.+)\.dist-info$/.exec(entry))
    .find((match) => match?.[1] === name);
  return found?.[2] ?? 'not installed';
}
