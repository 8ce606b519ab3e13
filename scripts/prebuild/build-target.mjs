// SPDX-License-Identifier: Apache-2.0
// Builds the binary of one target: prebuildify, which runs cmake-js by way of cmake-as-gyp.mjs.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ToolError, packageProgram, runQuiet } from '../run-tool.mjs';
import { binaryPath } from './targets.mjs';

/** Variables that change what a compiler does; a release depends on none of them. */
const COMPILER_VARIABLES = [
  ...['CC', 'CXX', 'AR', 'RANLIB', 'CFLAGS', 'CXXFLAGS', 'CPPFLAGS', 'LDFLAGS', 'CPATH', 'C_INCLUDE_PATH'],
  ...['CPLUS_INCLUDE_PATH', 'LIBRARY_PATH', 'TENSORRT_ROOT', 'CMAKE_PREFIX_PATH', 'CMAKE_TOOLCHAIN_FILE'],
  ...['CMAKE_BUILD_TYPE', 'CMAKE_GENERATOR', 'ZIG_LIB_DIR', 'ZIG_LIBC'],
];

/**
 * @param {import('./targets.mjs').Target} target
 * @param {{ root: string, zig: string, cmake: string, zigCache: string, inputs: { configurationDigest: string } }} tools
 * @returns {Promise<{ file: string, flags: { compile: string[], link: string[] } }>}
 */
export async function buildTarget(target, tools) {
  const stage = join(tools.root, 'build', 'prebuild', target.name);
  prepareStage(stage, tools.inputs.configurationDigest);
  const folders = ['--cwd', stage, '--out', stage, '--cache', join(stage, 'cache')];
  const names = ['--name', 'tensorrt-node', '--platform', 'linux', '--arch', target.arch];
  await runQuiet(
    `building ${target.name}`,
    [...packageProgram('prebuildify/bin.js'), '--napi', '--tag-libc', ...names, ...folders],
    buildEnvironment(target, tools, stage),
  );
  const file = join(stage, 'prebuilds', binaryPath(target));
  if (!existsSync(file)) throw new ToolError(`building ${target.name} made no ${file}`);
  return { file, flags: usedFlags(join(stage, 'build'), tools.root) };
}

/** A folder that was configured otherwise begins anew: CMake keeps flags that were set once. */
function prepareStage(stage, digest) {
  const stamp = join(stage, 'configuration');
  const before = existsSync(stamp) ? readFileSync(stamp, 'utf8') : null;
  if (before !== digest) rmSync(stage, { recursive: true, force: true });
  rmSync(join(stage, 'prebuilds'), { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  writeFileSync(stamp, digest);
}

function buildEnvironment(target, { root, zig, cmake, zigCache }, stage) {
  return {
    ...Object.fromEntries(COMPILER_VARIABLES.map((name) => [name, undefined])),
    TRTN_PREBUILD: JSON.stringify({ root, target: target.name, cmake, jobs: availableParallelism() }),
    TRTN_ZIG: zig,
    ZIG_GLOBAL_CACHE_DIR: zigCache,
    ZIG_LOCAL_CACHE_DIR: join(stage, 'zig'),
    PREBUILD_NODE_GYP: fileURLToPath(new URL('cmake-as-gyp.mjs', import.meta.url)),
    PREBUILD_LIBC: 'glibc',
    PREBUILD_STRIP: '0',
  };
}

/** The flags that CMake handed to the compiler and the linker for the addon, without this machine's paths. */
function usedFlags(build, root) {
  const commands = JSON.parse(readFileSync(join(build, 'compile_commands.json'), 'utf8'));
  const addon = commands.find(({ command }) => command.includes('NAPI_VERSION'));
  const words = addon.command.split(/\s+/).slice(1);
  const withValue = ['-o', '-c', '-isystem', '-I'];
  const compile = words.filter(
    (word, index) =>
      !/^-[DI]/.test(word) && !withValue.includes(word) && !withValue.includes(words[index - 1]),
  );
  const cache = readFileSync(join(build, 'CMakeCache.txt'), 'utf8');
  const link = /^CMAKE_MODULE_LINKER_FLAGS:STRING=(.*)$/m.exec(cache)?.[1] ?? '';
  const plain = (list) =>
    list.map((word) => word.replaceAll('"', '').replaceAll('\\', '').replaceAll(root, '<root>'));
  return { compile: plain(compile), link: plain(link.split(/\s+/).filter(Boolean)) };
}
