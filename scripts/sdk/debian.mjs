// SPDX-License-Identifier: Apache-2.0
// Debian's packages, unpacked into a folder of .sdk: nothing is installed and nothing needs root.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SdkError, findProgram, requireProgram, runClient } from './client.mjs';

/**
 * @typedef {{ package: string, version: string, sha256: string, keep: string[] }} LockedPackage
 * `keep`: what of the package is used; QEMU's emulates thirty machines
 */

/**
 * @param {string} folder
 * @param {LockedPackage[]} lock
 * @param {{ logFile: string, advice: string }} options `advice`: how else to get what the packages have
 */
export async function unpackDebian(folder, lock, { logFile, advice }) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SdkError(`made for x64 Linux, this is ${process.platform}-${process.arch}: ${advice}`);
  }
  const apt = await makeApt(join(folder, '..', 'apt'), { logFile, advice });
  for (const entry of lock) {
    const unpacked = join(folder, '..', 'unpacked', entry.package);
    mkdirSync(unpacked, { recursive: true });
    await runClient(apt.dpkgDeb, ['-x', await download(apt, entry), unpacked], { logFile });
    // Links of the packages are relative; copied as they are they still lead inside.
    for (const path of entry.keep) {
      cpSync(join(unpacked, path), join(folder, path), { recursive: true, verbatimSymlinks: true });
    }
  }
}

/** apt with lists of its own: those of the machine may be absent or old, and writing them needs root. */
async function makeApt(folder, { logFile, advice }) {
  const program = requireProgram(['apt-get'], `needs a Debian or Ubuntu machine, ${advice}`);
  const dpkgDeb = requireProgram(['dpkg-deb'], `needs a Debian or Ubuntu machine, ${advice}`);
  for (const path of ['lists/partial', 'cache/archives/partial', 'files']) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  const options = [
    ...[
      '-qq',
      '-o',
      `Dir::State::lists=${join(folder, 'lists')}`,
      '-o',
      `Dir::Cache=${join(folder, 'cache')}`,
    ],
    // Root's apt would otherwise hand the download to a user who may not write here.
    ...['-o', 'APT::Sandbox::User=', '-o', 'Acquire::Languages=none'],
  ];
  const run = (args) =>
    runClient(program, [...options, ...args], {
      logFile,
      cwd: join(folder, 'files'),
      env: plainEnvironment(),
    });
  await run(['update']);
  return { folder, run, dpkgDeb, logFile, options, advice };
}

function plainEnvironment() {
  return { ...process.env, LC_ALL: 'C' };
}

/** Path of the downloaded .deb, of the version and content that the lock names. */
async function download(apt, { package: name, version, sha256 }) {
  try {
    await apt.run(['download', `${name}=${version}`]);
  } catch (error) {
    const there = await versionsThere(apt, name);
    if (there.length === 0) throw error;
    throw new SdkError(
      `the archive has ${name} ${there.join(', ')}, scripts/sdk/lock.json has ${version}: correct the lock, ${apt.advice}`,
    );
  }
  const files = join(apt.folder, 'files');
  const file = readdirSync(files).find((entry) => entry.startsWith(`${name}_`));
  const found = createHash('sha256')
    .update(readFileSync(join(files, file)))
    .digest('hex');
  if (found !== sha256) {
    throw new SdkError(`SHA-256 of ${name} ${version} is ${found}, scripts/sdk/lock.json has ${sha256}`);
  }
  return join(files, file);
}

/** Versions that the archive has instead; empty where it has the wanted one, or none. */
async function versionsThere(apt, name) {
  const cache = findProgram('apt-cache');
  if (cache === null) return [];
  const options = apt.options.filter((option) => option !== '-qq');
  const text = await runClient(cache, [...options, 'madison', name], {
    logFile: apt.logFile,
    env: plainEnvironment(),
  }).catch(() => '');
  return [...new Set(text.split('\n').flatMap((line) => line.split('|')[1]?.trim() || []))];
}
