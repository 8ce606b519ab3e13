// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the package that is checked: this script's own. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The built package, through its entry point. Opens nothing native. */
export function loadPackage() {
  return createRequire(join(ROOT, 'package.json'))(join(ROOT, 'dist', 'index.js'));
}

/** The package's operators: `tensorrt-node/ops`. */
export function loadOperators() {
  return createRequire(join(ROOT, 'package.json'))(join(ROOT, 'dist', 'ops', 'index.js'));
}

const SDK = join(ROOT, '.sdk');

/** The environment for a Python that shall find TensorRT's official API, and that shall find its libraries. */
export function pythonEnvironment() {
  const pathList = (folders, inherited) =>
    [...folders.filter(existsSync), inherited].filter(Boolean).join(':');
  const packages = ['peers', 'python'].map((name) => join(SDK, name));
  const libraries = [join(SDK, 'lib'), join(SDK, 'python', 'tensorrt_rtx_libs')];
  return {
    ...process.env,
    PYTHONPATH: pathList(packages, process.env.PYTHONPATH),
    LD_LIBRARY_PATH: pathList(libraries, process.env.LD_LIBRARY_PATH),
    PYTHONUNBUFFERED: '1',
  };
}

/** What `npm run gpu:pack` may have brought along, where it puts it. */
export const CARRIED = {
  engines: join(ROOT, 'engines'),
  onnxRuntime: join(ROOT, 'onnxruntime', 'libonnxruntime.so.1'),
};

/** The environment in which all checks run: this process's, and what was carried along. */
export function checkEnvironment() {
  const carried = existsSync(CARRIED.onnxRuntime) ? { TENSORRT_NODE_ONNXRUNTIME: CARRIED.onnxRuntime } : {};
  return { ...carried, ...process.env };
}
