// SPDX-License-Identifier: Apache-2.0
// Lays out a folder like the package's own, with libraries where the package looks for them, and packs it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layOut } from './lay-out.mjs';
import { splitStream } from './split.mjs';
import { writeReadme } from './readme.mjs';
import { writeUnpackScript } from './unpack-script.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MB = 1e6;

/** The caller asked for what cannot be done; the message says what. */
export class PackError extends Error {}

/**
 * Writes the parts and unpack.sh.
 *
 * @param {Record<string, unknown>} options as gpu-pack.mjs reads them
 * @param {(text: string) => void} print
 * @param {string} [root] the built package
 */
export async function packForGpu(options, print, root = ROOT) {
  const partBytes = checkPartSize(options['part-mb']) * MB;
  checkInputs(options, root);
  const output = resolve(options.output ?? join(root, 'build', 'gpu-pack'));
  const stage = mkdtempSync(join(tmpdir(), 'gpu-pack-'));
  try {
    layOut(stage, root, options);
    writeReadme(stage, { hasNode: options['with-node'] !== undefined });
    prepareFolder(output);
    const parts = await splitStream(tarArguments(stage), output, partBytes);
    writeUnpackScript(output, parts, { hasNode: options['with-node'] !== undefined });
    print(`${summary(output, parts)}\n`);
    return { output, parts };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function checkPartSize(text) {
  const size = Number(text);
  if (Number.isFinite(size) && size > 0) return size;
  throw new PackError(`--part-mb takes a number above 0, not ${text}.`);
}

function checkInputs(options, root) {
  const built = ['dist/index.js', 'build/Release/tensorrt_node.node', 'node_modules/bindings'];
  const unbuilt = built.find((path) => !existsSync(join(root, path)));
  if (unbuilt) throw new PackError(`${join(root, unbuilt)} is missing: run \`npm run build\` first.`);
  const given = ['with-node', 'with-lib', 'with-python', 'with-onnxruntime', 'with-engines'];
  for (const name of given) {
    const missing = [options[name] ?? []].flat().find((path) => !existsSync(path));
    if (missing !== undefined) throw new PackError(`--${name} ${missing}: there is no such file or folder.`);
  }
  try {
    execFileSync('tar', ['--version'], { stdio: 'ignore' });
  } catch {
    throw new PackError('The program tar is needed and was not found.');
  }
}

/** An empty folder: parts of an earlier, larger pack must not stay behind. */
function prepareFolder(output) {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
}

/** Same content, same bytes: names in order, no owner, no time of packing. */
function tarArguments(stage) {
  const fixed = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=2020-01-01 00:00Z'];
  return ['-C', stage, ...fixed, '-cf', '-', '.'];
}

function summary(output, parts) {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    ...parts.map(({ name, bytes }) => `${name}  ${(bytes / MB).toFixed(1)} MB`),
    `${parts.length} parts, ${(total / MB).toFixed(1)} MB, in ${output}`,
    'On the host: sh unpack.sh <folder>, with the parts beside it.',
  ].join('\n');
}
