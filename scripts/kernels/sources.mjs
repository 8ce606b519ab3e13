// SPDX-License-Identifier: Apache-2.0
// The kernels' sources: every .cu file of native/ops, with the headers that it reads.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const OPS = 'native/ops';
/** What only the host's compiler reads. */
const NOT_FOR_DEVICES = new Set(['ops/emulator.h']);

/**
 * Paths below the root, sorted.
 * @param {string} root
 * @returns {string[]}
 */
export function kernelSources(root) {
  const folders = readdirSync(join(root, OPS), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  return folders
    .flatMap(({ name }) => readdirSync(join(root, OPS, name)).map((file) => `${OPS}/${name}/${file}`))
    .filter((path) => path.endsWith('.cu'))
    .sort();
}

/**
 * The file and all headers of native/ that it includes, sorted.
 * @param {string} root
 * @param {string} source
 */
export function closureOf(root, source) {
  const seen = new Set();
  const visit = (path) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [, header] of readFileSync(join(root, path), 'utf8').matchAll(
      /^\s*#\s*include\s*"([^"]+)"/gm,
    )) {
      const included = `native/${header}`;
      if (!NOT_FOR_DEVICES.has(header) && existsSync(join(root, included))) visit(included);
    }
  };
  visit(source);
  return [...seen].sort();
}

/**
 * SHA-256 of what the sources' compilation reads: paths and contents.
 * @param {string} root
 * @param {string[]} sources
 */
export function digestOf(root, sources) {
  const files = [...new Set(sources.flatMap((source) => closureOf(root, source)))].sort();
  const hash = createHash('sha256');
  for (const path of files) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/**
 * A source's name in the packs.
 * @param {string} source "native/ops/scores/softmax.cu"
 * @returns {string} "scores/softmax"
 */
export function nameOf(source) {
  return source.slice(OPS.length + 1, -'.cu'.length);
}
