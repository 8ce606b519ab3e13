// SPDX-License-Identifier: Apache-2.0
// Builds the binaries a second time, from a copy in another folder and with an empty compiler cache, and compares.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ToolError, runQuiet } from '../run-tool.mjs';
import { readManifest, sha256 } from './manifest.mjs';
import { binaryPath } from './targets.mjs';

/** What a build reads of the repository; the steps of set-up read the last of them. */
const PARTS = ['CMakeLists.txt', 'cmake', 'native', 'package.json', 'scripts', 'test/consumer/tools'];
/** Used where they are: they are inputs, pinned by digest, and paths to them are different all the same. */
const LINKS = ['node_modules', '.sdk'];

/**
 * @param {import('./targets.mjs').Target[]} targets
 * @param {{ root: string, say: (text: string) => void }} options
 * @returns {Promise<Record<string, string>>} digest that both builds have, by file
 * @throws {ToolError} naming each file that differs
 */
export async function verifyReproducible(targets, { root, say }) {
  const temporary = mkdtempSync(join(tmpdir(), 'prebuild-again-'));
  try {
    const copy = join(temporary, 'a', 'longer', 'path');
    copyParts(root, copy);
    say(`building again in ${copy}`);
    await runQuiet(
      'the second build',
      [
        process.execPath,
        join(copy, 'scripts', 'prebuild.mjs'),
        '--target',
        targets.map(({ name }) => name).join(),
      ],
      { TRTN_ZIG_CACHE: join(temporary, 'zig-cache') },
    );
    const digests = compareBuilds(join(root, 'prebuilds'), join(copy, 'prebuilds'), targets);
    say(`the second build has the same bytes: ${Object.keys(digests).join(', ')}`);
    return digests;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/**
 * Copies what a build needs.
 * @param {string} root the repository
 * @param {string} copy
 */
export function copyParts(root, copy) {
  mkdirSync(copy, { recursive: true });
  for (const part of PARTS) cpSync(join(root, part), join(copy, part), { recursive: true });
  for (const link of LINKS) symlinkSync(join(root, link), join(copy, link));
}

/**
 * @param {string} first a prebuilds/ folder
 * @param {string} second another
 * @param {import('./targets.mjs').Target[]} targets
 */
export function compareBuilds(first, second, targets) {
  const digests = {};
  const problems = [];
  if (readManifest(first)?.sourceDigest !== readManifest(second)?.sourceDigest)
    problems.push('the sources were changed meanwhile');
  for (const path of targets.map(binaryPath)) {
    const [one, other] = [first, second].map((folder) => readFileSync(join(folder, path)));
    if (one.equals(other)) digests[path] = sha256(one);
    else problems.push(`${path}: ${describeDifference(one, other)}`);
  }
  if (problems.length > 0) throw new ToolError(`two builds differ:\n${problems.join('\n')}`);
  return digests;
}

function describeDifference(one, other) {
  if (one.length !== other.length) return `${one.length} and ${other.length} bytes`;
  const at = one.findIndex((byte, index) => byte !== other[index]);
  const count = one.reduce((sum, byte, index) => sum + Number(byte !== other[index]), 0);
  return `${count} of ${one.length} bytes, the first at ${at}`;
}
