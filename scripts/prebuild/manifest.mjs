// SPDX-License-Identifier: Apache-2.0
// prebuilds/manifest.json: what was built from what. prebuilds/SHA256SUMS: the same digests, for sha256sum -c.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TARGETS, binaryPath } from './targets.mjs';
import { verifyBinary } from './verify-binary.mjs';

export const MANIFEST = 'manifest.json';
export const CHECKSUMS = 'SHA256SUMS';

/** @param {Buffer} bytes */
export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * The manifest, or null where there is none that can be read.
 * @param {string} folder prebuilds/
 */
export function readManifest(folder) {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8'));
    const isOurs =
      manifest?.schemaVersion === 1 && typeof manifest.files === 'object' && manifest.files !== null;
    return isOurs ? manifest : null;
  } catch {
    return null;
  }
}

/** Writes the manifest and the checksums, each whole or not at all. */
export function writeManifest(folder, manifest) {
  const sums = Object.entries(manifest.files).map(([path, { sha256: digest }]) => `${digest}  ${path}\n`);
  replaceFile(join(folder, CHECKSUMS), sums.join(''));
  replaceFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
}

function replaceFile(file, text) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, file);
}

/**
 * Whether the binary of a target is there, unchanged, and made of these inputs.
 * @param {string} folder prebuilds/
 * @param {{ sourceDigest: string }} inputs
 */
export function isUpToDate(folder, target, inputs) {
  const manifest = readManifest(folder);
  const entry = manifest?.files[binaryPath(target)];
  if (entry === undefined || manifest.sourceDigest !== inputs.sourceDigest) return false;
  const file = join(folder, binaryPath(target));
  return existsSync(file) && sha256(readFileSync(file)) === entry.sha256;
}

/**
 * What is wrong with a folder of binaries: one line each, none if it may be shipped.
 * @param {string} folder prebuilds/
 * @param {import('./targets.mjs').Target[]} targets that have to be there
 * @returns {string[]}
 */
export function checkPrebuilds(folder, targets = TARGETS) {
  const manifest = readManifest(folder);
  if (manifest === null) return [`${join(folder, MANIFEST)} is missing or no manifest: run npm run prebuild`];
  const expected = targets.map(binaryPath);
  const absent = expected.filter((path) => manifest.files[path] === undefined);
  const unknown = listBinaries(folder).filter((path) => manifest.files[path] === undefined);
  return [
    ...absent.map((path) => `${path} is not in ${MANIFEST}`),
    ...unknown.map((path) => `${path} is there, but not in ${MANIFEST}`),
    ...Object.keys(manifest.files)
      .filter((path) => expected.includes(path))
      .flatMap((path) => checkFile(folder, path, manifest.files[path])),
    ...checkSums(folder, manifest),
  ];
}

function checkFile(folder, path, entry) {
  const file = join(folder, path);
  if (!existsSync(file)) return [`${path} is missing`];
  const bytes = readFileSync(file);
  const found = sha256(bytes);
  if (found !== entry.sha256)
    return [
      `${path}: SHA-256 is ${found} (${bytes.length} bytes), ${MANIFEST} has ${entry.sha256} (${entry.bytes})`,
    ];
  const target = TARGETS.find((one) => binaryPath(one) === path);
  const { problems, facts } = verifyBinary(bytes, { arch: target.arch });
  const differing = ['glibcNeeded', 'needed'].filter(
    (key) => facts !== null && JSON.stringify(facts[key]) !== JSON.stringify(entry[key]),
  );
  return [
    ...problems.map((problem) => `${path} ${problem}`),
    ...differing.map((key) => `${path}: ${key} is ${facts[key]}, ${MANIFEST} has ${entry[key]}`),
  ];
}

function checkSums(folder, manifest) {
  const file = join(folder, CHECKSUMS);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const missing = Object.entries(manifest.files).filter(
    ([path, entry]) => !text.includes(`${entry.sha256}  ${path}\n`),
  );
  return missing.map(([path]) => `${CHECKSUMS} has another digest for ${path}, or none`);
}

function listBinaries(folder) {
  const entries = readdirSync(folder, { recursive: true }).map((path) => path.replaceAll('\\', '/'));
  return entries.filter((path) => path.endsWith('.node')).sort();
}

/**
 * Removes the binaries that the manifest does not name, so that no file of other sources is shipped.
 * @param {string} folder prebuilds/
 * @returns {string[]} what went
 */
export function removeStale(folder, manifest) {
  const stale = listBinaries(folder).filter((path) => manifest.files[path] === undefined);
  for (const path of stale) rmSync(join(folder, path));
  return stale;
}
