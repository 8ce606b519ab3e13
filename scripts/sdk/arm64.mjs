// SPDX-License-Identifier: Apache-2.0
// What runs arm64 programs on an x64 machine: QEMU's user-mode emulator and the C and C++ runtime of arm64, out of
// Debian's packages. They are unpacked into .sdk, nothing is installed and nothing needs root.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SdkError, findProgram, requireProgram, runClient } from './client.mjs';

/** Folder below .sdk. */
const TARGET = 'arm64';
const SYSROOT = join('usr', 'aarch64-linux-gnu');
const ADVICE =
  'or install qemu-aarch64-static and the arm64 runtime yourself (Debian and Ubuntu: apt install qemu-user-static libstdc++6-arm64-cross)';

/**
 * @typedef {{ package: string, version: string, sha256: string, keep: string[] }} LockedPackage
 * `keep`: what of the package is used; QEMU's emulates thirty machines
 */

/**
 * @param {LockedPackage[]} lock
 * @returns {import('./step.mjs').Step}
 */
export function arm64Step(lock) {
  return {
    name: 'arm64',
    title: 'emulator and runtime for arm64 (66 MB)',
    groups: ['prebuild-test'],
    target: TARGET,
    pin: JSON.stringify([process.platform, process.arch, lock]),
    given: () => givenRuntime()?.qemu ?? null,
    make: (folder, { logFile }) => unpackAll(folder, lock, logFile),
  };
}

/**
 * The emulator and the folder for its `-L`, the machine's own before those of .sdk; null where there are none.
 * @param {string} sdk the .sdk folder
 */
export function arm64Runtime(sdk) {
  return givenRuntime() ?? runtimeIn(join(sdk, TARGET, 'usr', 'bin'), join(sdk, TARGET, SYSROOT));
}

function givenRuntime() {
  const qemu = findProgram('qemu-aarch64-static', 'qemu-aarch64');
  return qemu === null ? null : runtimeIn(dirname(qemu), join('/', SYSROOT));
}

function runtimeIn(programs, sysroot) {
  const qemu = ['qemu-aarch64-static', 'qemu-aarch64']
    .map((name) => join(programs, name))
    .find((file) => existsSync(file));
  const isWhole = existsSync(join(sysroot, 'lib', 'libstdc++.so.6'));
  return qemu !== undefined && isWhole ? { qemu, sysroot } : null;
}

async function unpackAll(folder, lock, logFile) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SdkError(`made for x64 Linux, this is ${process.platform}-${process.arch}: ${ADVICE}`);
  }
  const apt = await makeApt(join(folder, '..', 'apt'), logFile);
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
async function makeApt(folder, logFile) {
  const program = requireProgram(['apt-get'], `needs a Debian or Ubuntu machine, ${ADVICE}`);
  const dpkgDeb = requireProgram(['dpkg-deb'], `needs a Debian or Ubuntu machine, ${ADVICE}`);
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
  return { folder, run, dpkgDeb, logFile, options };
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
      `the archive has ${name} ${there.join(', ')}, scripts/sdk/lock.json has ${version}: correct the lock, ${ADVICE}`,
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
