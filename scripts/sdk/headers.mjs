// SPDX-License-Identifier: Apache-2.0
// TensorRT's official headers, per family: from the machine (TENSORRT_ROOT, the system), else out of a Rust crate
// that carries them. CMake looks in the same places in the same order (cmake/tensorrt-headers.cmake).
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { SdkError, requireProgram, runClient } from './client.mjs';

const ADVICE =
  'install Rust (rustup or your distribution) so that the TensorRT headers can be fetched, ' +
  'or set TENSORRT_ROOT to a TensorRT SDK';

/**
 * @param {string} family name of the folder under .sdk/include
 * @param {{ crate: string, version: string, folder: string, sha256: string }} lock
 * @returns {import('./step.mjs').Step}
 */
export function headersStep(family, lock) {
  return {
    name: `headers-${family}`,
    title: `headers of ${family}`,
    groups: ['build'],
    target: join('include', family),
    pin: JSON.stringify(lock),
    given: () => findGivenHeaders(family),
    make: (folder, { logFile }) => copyFromCrate(folder, lock, logFile),
  };
}

/** The include folder of this machine that serves `family`, or null. */
export function findGivenHeaders(family, root = process.env.TENSORRT_ROOT) {
  const triple = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const candidates = [
    ...(root ? [join(root, 'include'), join(root, 'include', triple)] : []),
    join('/usr/include', triple),
    '/usr/include',
    '/usr/local/tensorrt/include',
  ];
  return candidates.find((folder) => headersServe(folder, family)) ?? null;
}

function headersServe(folder, family) {
  const names = ['NvInferVersion.h', 'NvInfer.h', 'NvOnnxParser.h'];
  if (!names.every((name) => existsSync(join(folder, name)))) return false;
  const text = readFileSync(join(folder, 'NvInferVersion.h'), 'utf8');
  const number = (name) => Number(new RegExp(`#define\\s+${name}\\s+(\\d+)`).exec(text)?.[1] ?? NaN);
  if (family === 'tensorrt-rtx') return number('TRT_MAJOR_RTX') === 1 && number('TRT_MINOR_RTX') >= 5;
  if (family === 'tensorrt-10')
    return number('TRT_MAJOR_ENTERPRISE') === 10 && number('TRT_MINOR_ENTERPRISE') >= 13;
  return number('TRT_MAJOR_ENTERPRISE') === 11;
}

async function copyFromCrate(folder, lock, logFile) {
  const cargo = requireProgram(['cargo'], ADVICE);
  const crate = await fetchCrate(cargo, lock, join(folder, '..', 'crate'), logFile);
  cpSync(join(crate, lock.folder), folder, { recursive: true });
  const found = digestFolder(folder);
  if (found !== lock.sha256) {
    throw new SdkError(
      `SHA-256 of ${lock.crate} ${lock.version} is ${found}, scripts/sdk/lock.json has ${lock.sha256}`,
    );
  }
}

/** Lets cargo fetch a crate by way of a throw-away manifest; gives back the unpacked crate's folder. */
async function fetchCrate(cargo, { crate, version }, folder, logFile) {
  mkdirSync(join(folder, 'src'), { recursive: true });
  writeFileSync(join(folder, 'src', 'lib.rs'), '');
  const dependency = `${crate} = { version = "=${version}", default-features = false }`;
  const manifest = join(folder, 'Cargo.toml');
  writeFileSync(
    manifest,
    `[package]\nname = "headers"\nversion = "0.0.0"\n[dependencies]\n${dependency}\n[workspace]\n`,
  );
  const args = [
    'metadata',
    '--quiet',
    '--format-version=1',
    `--filter-platform=${rustTarget()}`,
    '--manifest-path',
  ];
  const metadata = JSON.parse(await runClient(cargo, [...args, manifest], { logFile, cwd: folder }));
  return dirname(metadata.packages.find((found) => found.name === crate).manifest_path);
}

function rustTarget() {
  return process.arch === 'arm64' ? 'aarch64-unknown-linux-gnu' : 'x86_64-unknown-linux-gnu';
}

/** SHA-256 over the sorted relative paths and contents of all files below `folder`. */
export function digestFolder(folder) {
  const hash = createHash('sha256');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((entry) =>
    relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'),
  );
  for (const path of paths.sort()) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(folder, path)))
      .update('\0');
  }
  return hash.digest('hex');
}
