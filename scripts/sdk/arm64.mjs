// SPDX-License-Identifier: Apache-2.0
// What runs arm64 programs on an x64 machine: QEMU's user-mode emulator and the C and C++ runtime of arm64, out of
// Debian's packages. They are unpacked into .sdk, nothing is installed and nothing needs root.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from './client.mjs';
import { unpackDebian } from './debian.mjs';

/** Folder below .sdk. */
const TARGET = 'arm64';
const SYSROOT = join('usr', 'aarch64-linux-gnu');
const ADVICE =
  'or install qemu-aarch64-static and the arm64 runtime yourself (Debian and Ubuntu: apt install qemu-user-static libstdc++6-arm64-cross)';

/**
 * @param {import('./debian.mjs').LockedPackage[]} lock
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
    make: (folder, { logFile }) => unpackDebian(folder, lock, { logFile, advice: ADVICE }),
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
