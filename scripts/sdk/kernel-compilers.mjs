// SPDX-License-Identifier: Apache-2.0
// The two compilers of native/ops: nvcc from wheels, for machine code, and clang from Debian's packages, whose PTX old
// drivers still take.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { unpackDebian } from './debian.mjs';
import { pythonStep } from './python-packages.mjs';

const GROUPS = ['kernels'];
const CLANG = 'clang';
const NVCC = 'nvcc';

/**
 * @param {import('./debian.mjs').LockedPackage[]} lock
 * @returns {import('./step.mjs').Step[]}
 */
export function kernelCompilerSteps(lock) {
  return [
    pythonStep('nvcc', { title: 'nvcc (126 MB)', groups: GROUPS, target: NVCC, advice: '' }),
    {
      name: 'clang',
      title: 'clang (40 MB)',
      groups: GROUPS,
      target: CLANG,
      pin: JSON.stringify([process.platform, process.arch, lock]),
      make: (folder, { logFile }) =>
        unpackDebian(folder, lock, { logFile, advice: 'generate the kernels on one' }),
    },
  ];
}

/**
 * The compilers' programs; null where set-up did not bring them.
 * @param {string} sdk the .sdk folder
 */
export function kernelCompilers(sdk) {
  const bin = join(sdk, NVCC, 'nvidia', 'cu13', 'bin');
  const clang = join(sdk, CLANG, 'usr', 'lib', 'llvm-19', 'bin', 'clang');
  const found = {
    nvcc: join(bin, 'nvcc'),
    cuobjdump: join(bin, 'cuobjdump'),
    clang,
    clangLibraries: join(sdk, CLANG, 'usr', 'lib', 'x86_64-linux-gnu'),
  };
  return Object.values(found).every((path) => existsSync(path)) ? found : null;
}
