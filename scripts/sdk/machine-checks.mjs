// SPDX-License-Identifier: Apache-2.0
// Steps that bring nothing: they look at what the machine and node_modules must have.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SdkError, findProgram } from './client.mjs';

/** @returns {import('./step.mjs').Step} */
export function compilerStep() {
  const compiler = process.env.CXX ?? findProgram('c++', 'g++', 'clang++');
  const make = findProgram('ninja', 'make');
  return {
    name: 'compiler',
    title: 'C++ compiler',
    groups: ['build'],
    pin: `${compiler} ${make}`,
    make: async () => {
      if (compiler === null)
        throw new SdkError('not found: install g++ 11 or clang 14 or newer (Debian: apt install g++)');
      if (make === null)
        throw new SdkError('ninja and make not found: install one (Debian: apt install ninja-build)');
    },
  };
}

/**
 * The CPU runtime is a development dependency: npm checked the package, this checks the library in use.
 * @param {string} root the repository
 * @param {{ version: string, sha256: Record<string, string> }} lock
 * @returns {import('./step.mjs').Step}
 */
export function onnxRuntimeStep(root, lock) {
  const library = join(
    root,
    'node_modules/onnxruntime-node/bin/napi-v6/linux',
    process.arch,
    'libonnxruntime.so.1',
  );
  const found = statSync(library, { throwIfNoEntry: false });
  return {
    name: 'onnxruntime',
    title: 'ONNX Runtime',
    groups: ['run', 'test'],
    // Reading 45 MB each time would take longer than all else: its size and times stand for the content.
    pin: [JSON.stringify(lock), process.arch, found?.size, found?.mtimeMs].join(' '),
    make: async () => {
      if (found === undefined) throw new SdkError(`${library} is missing: run npm ci`);
      const digest = createHash('sha256').update(readFileSync(library)).digest('hex');
      if (digest !== lock.sha256[process.arch]) {
        throw new SdkError(
          `SHA-256 of ${library} is ${digest}, expected ${lock.sha256[process.arch]}: run npm ci`,
        );
      }
    },
  };
}

/** @returns {import('./step.mjs').Step} */
export function googleTestStep() {
  const roots = [process.env.GTest_ROOT, process.env.CMAKE_PREFIX_PATH, '/usr', '/usr/local'].filter(Boolean);
  const header = roots.map((root) => join(root, 'include/gtest/gtest.h')).find((file) => existsSync(file));
  return {
    name: 'googletest',
    title: 'GoogleTest',
    groups: ['test'],
    pin: String(header),
    make: async () => {
      // No package registry carries it, so it is the system's package or a folder of the user's.
      if (header === undefined) {
        throw new SdkError(
          'not found: install it (Debian: apt install libgtest-dev) or set GTest_ROOT to its prefix',
        );
      }
    },
  };
}
