// SPDX-License-Identifier: Apache-2.0
// What is built and how, as data. The compiler's flags are in cmake/toolchains.
import { join } from 'node:path';

/** The oldest C library that a binary runs on. */
export const GLIBC = '2.28';
/** The Node-API version that a binary asks for. */
export const NODE_API = 8;
/** Of one binary, 2 MB of it compressed kernels: the packed package with both has to stay under 8 MB. */
export const MAX_BYTES = 5_500_000;

/**
 * @typedef {object} Target
 * @property {string} name as `process.platform`-`process.arch`
 * @property {string} arch of Node's names
 * @property {string} toolchain
 */

/** @type {Target[]} */
export const TARGETS = ['x64', 'arm64'].map((arch) => ({
  name: `linux-${arch}`,
  arch,
  toolchain: join('cmake', 'toolchains', `zig-linux-${arch}.cmake`),
}));

/** CMake's settings of a release, besides the toolchain. */
export const CMAKE_SETTINGS = {
  TRTN_PINNED_HEADERS: 'ON',
  CMAKE_UNITY_BUILD: 'ON',
  CMAKE_EXPORT_COMPILE_COMMANDS: 'ON',
};

/** Path below prebuilds/ of a target's binary; the name is prebuildify's for `--napi --tag-libc`. */
export function binaryPath({ name }) {
  return `${name}/tensorrt-node.glibc.node`;
}
