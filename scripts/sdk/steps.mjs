// SPDX-License-Identifier: Apache-2.0
// All steps of set-up, as data.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { arm64Step } from './arm64.mjs';
import { findProgram } from './client.mjs';
import { consumerCacheStep, consumerToolsStep } from './consumer-tools.mjs';
import { headersStep } from './headers.mjs';
import { kernelCompilerSteps } from './kernel-compilers.mjs';
import { compilerStep, googleTestStep, onnxRuntimeStep } from './machine-checks.mjs';
import { pythonStep } from './python-packages.mjs';

/** The repository's folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The folder that set-up fills; git ignores it. */
export const SDK = join(ROOT, '.sdk');

/** What each group is for, in the order of `--help`. */
export const GROUPS = {
  build: 'compiler, CMake and TensorRT headers',
  run: 'TensorRT-RTX and ONNX Runtime libraries',
  test: 'what "run" has, and GoogleTest',
  check: 'clang-format',
  prebuild: 'zig, the compiler of the prebuilt binaries (101 MB)',
  'prebuild-test': 'QEMU and the C++ runtime of arm64, to run the arm64 binary on x64 (66 MB)',
  kernels: 'nvcc and clang, which compile native/ops for devices (166 MB)',
  peers: 'the Python APIs of TensorRT-RTX and ONNX Runtime, onnx and numpy, for side-by-side benchmarks',
  train: 'scikit-learn, to train the example model',
  'train-networks': 'what "train" has, and JAX, to train the networks of the precision benchmark (420 MB)',
  consumers:
    'what `npm run test:package` runs the packed package with: Node.js 20 to 26, bundlers, Bun, Deno (2.1 GB)',
  modelopt: "NVIDIA ModelOpt's INT8 and FP16 of ONNX models, for the precision benchmark (420 MB)",
};

/** @returns {import('./step.mjs').Step[]} */
export function allSteps() {
  const lock = JSON.parse(readFileSync(new URL('lock.json', import.meta.url), 'utf8'));
  return [
    compilerStep(),
    pythonStep('cmake', {
      title: 'CMake',
      groups: ['build'],
      target: 'cmake',
      advice: ', or CMake 3.21 or newer (Debian: apt install cmake)',
      given: () => findProgram('cmake'),
    }),
    ...Object.entries(lock.headers).map(([family, entry]) => headersStep(family, entry)),
    pythonStep('tensorrt-rtx', {
      title: 'TensorRT-RTX libraries (95 MB)',
      groups: ['run', 'test'],
      target: 'python',
      advice: ', or set TENSORRT_NODE_LIB_DIR to the folder of libtensorrt_rtx.so.1',
      given: givenRtxLibraries,
    }),
    onnxRuntimeStep(ROOT, lock.onnxruntime),
    googleTestStep(),
    pythonStep('clang-format', {
      title: 'clang-format',
      groups: ['check'],
      target: 'clang-format',
      advice: '',
    }),
    pythonStep('zig', { title: 'zig', groups: ['prebuild'], target: 'zig', advice: '' }),
    arm64Step(lock.arm64),
    ...kernelCompilerSteps(lock.clang),
    pythonStep('peers', {
      title: 'Python peers',
      groups: ['peers'],
      target: 'peers',
      advice: '',
      perPython: true,
    }),
    pythonStep('train', {
      title: 'training packages',
      groups: ['train', 'train-networks'],
      target: 'train',
      advice: '',
      perPython: true,
    }),
    pythonStep('train-networks', {
      title: 'JAX',
      groups: ['train-networks'],
      target: 'train-networks',
      advice: '',
      perPython: true,
    }),
    pythonStep('modelopt', {
      title: 'ModelOpt',
      groups: ['modelopt'],
      target: 'modelopt',
      advice: '',
      perPython: true,
    }),
    consumerToolsStep(ROOT),
    consumerCacheStep(ROOT),
  ];
}

/** The folder that the user names for TensorRT's libraries, if TensorRT-RTX is in it. */
function givenRtxLibraries() {
  const folder = process.env.TENSORRT_NODE_LIB_DIR;
  return folder !== undefined && existsSync(join(folder, 'libtensorrt_rtx.so.1')) ? folder : null;
}
