// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const ADDON = 'build/Release/tensorrt_node.node';
const LIBRARY = /\.so(\.\d+)*$/;

/** Fills `stage` with what gpu:check needs. @param {Record<string, unknown>} options as gpu-pack.mjs reads them */
export function layOut(stage, root, options) {
  const copy = (path, filter) => copyInto(stage, root, path, filter);
  copy('package.json');
  copy('dist', (path) => !/\.d\.m?ts$/.test(path));
  copy('scripts/gpu-check.mjs');
  copy('scripts/gpu-check');
  copy('native/ops/kernel-bytes.json');
  for (const name of runtimePackages(root)) copy(`node_modules/${name}`, isNeededOfPackage);
  copy(ADDON);
  strip(join(stage, ADDON));
  if (options['with-node']) takeProgram(options['with-node'], join(stage, 'bin', 'node'));
  // `.sdk` is where the package looks first for libraries of a checkout's own.
  for (const path of options['with-lib']) takeLibraries(path, join(stage, '.sdk', 'lib'));
  for (const path of options['with-python']) takePython(path, join(stage, '.sdk', 'python'));
  if (options['with-onnxruntime']) {
    const target = join(stage, 'onnxruntime', 'libonnxruntime.so.1');
    mkdirSync(dirname(target), { recursive: true });
    cpSync(realpathSync(options['with-onnxruntime']), target);
  }
  if (options['with-engines']) cpSync(options['with-engines'], join(stage, 'engines'), { recursive: true });
}

function copyInto(stage, root, path, filter = () => true) {
  const target = join(stage, path);
  mkdirSync(dirname(target), { recursive: true });
  const isWanted = (source) => !source.includes('__pycache__') && (isFolder(source) || filter(source));
  cpSync(join(root, path), target, { recursive: true, dereference: true, filter: isWanted });
}

const isFolder = (path) => statSync(path).isDirectory();

/** The package's own dependencies and theirs, by name. */
export function runtimePackages(root) {
  const found = new Set();
  const visit = (folder) => {
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) {
      if (found.has(name)) continue;
      found.add(name);
      visit(join(root, 'node_modules', name));
    }
  };
  visit(root);
  return [...found].sort();
}

function isNeededOfPackage(path) {
  return !/\.(map|ts|mts|cts|md)$/.test(path);
}

/** Debugging symbols are of no use there; without the program, the file goes as it is. */
function strip(path) {
  try {
    execFileSync('strip', ['--strip-unneeded', path], { stdio: 'ignore' });
  } catch {
    // A larger file works as well.
  }
}

function takeProgram(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(realpathSync(from), to);
  chmodSync(to, 0o755);
}

/** A library, or the libraries of a folder. Links are kept where their targets come along. */
function takeLibraries(path, target) {
  mkdirSync(target, { recursive: true });
  if (!isFolder(path)) return cpSync(realpathSync(path), join(target, basename(path)));
  const names = readdirSync(path).filter((name) => LIBRARY.test(name));
  for (const name of names) {
    const from = join(path, name);
    const isInside = !lstatSync(from).isSymbolicLink() || dirname(realpathSync(from)) === realpathSync(path);
    cpSync(from, join(target, name), { dereference: !isInside, verbatimSymlinks: true });
  }
  return undefined;
}

/** TensorRT's packages of a site-packages folder, or the folder of one package. */
function takePython(path, target) {
  const isPackage = /^tensorrt/.test(basename(path));
  const folders = isPackage
    ? [path]
    : readdirSync(path)
        .filter((name) => /^tensorrt/.test(name) && !name.endsWith('.dist-info'))
        .map((name) => join(path, name));
  const filter = (source) => !source.includes('__pycache__');
  for (const folder of folders) cpSync(folder, join(target, basename(folder)), { recursive: true, filter });
}
