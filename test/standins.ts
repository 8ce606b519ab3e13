// SPDX-License-Identifier: Apache-2.0
// The stand-in libraries of test/standin, compiled for one test file. The CMake build makes the same ones for the
// native tests; here a compiler call each is enough.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { builtStandin } from './standin-build';

const SOURCES = resolve(__dirname, 'standin');

/** A folder of stand-ins. */
export class Standins {
  readonly folder = mkdtempSync(join(tmpdir(), 'trtn-standins-'));

  /** A driver that answers as TRTN_STANDIN_CUDA_* say, from the native tests' build. @returns Its path. */
  driver(): string {
    return builtStandin('driver', 'libcuda.so.1');
  }

  /**
   * A TensorRT with its parser that tells `version`, and aborts when a builder is asked for, or logs `builderError`.
   * @returns Its folder.
   */
  tensorRt(version: number, builderError?: string): string {
    const major = version < 10000 ? Math.trunc(version / 1000) : Math.trunc(version / 10000);
    const folder = `tensorrt-${version}${builderError === undefined ? '' : '-error'}`;
    const flags = [`-DSTANDIN_VERSION=${version}`];
    if (builderError !== undefined) flags.push(`-DSTANDIN_BUILDER_ERROR=${JSON.stringify(builderError)}`);
    this.#compile(folder, `libnvinfer.so.${major}`, 'libnvinfer.c', flags);
    this.#compile(folder, `libnvonnxparser.so.${major}`, 'libnvonnxparser.c');
    return join(this.folder, folder);
  }

  /** A TensorRT-RTX of a version. @returns Its folder. */
  tensorRtRtx(version: number): string {
    const folder = `rtx-${version}`;
    this.#compile(folder, 'libtensorrt_rtx.so.1', 'libnvinfer.c', [`-DSTANDIN_VERSION=${version}`]);
    this.#compile(folder, 'libtensorrt_onnxparser_rtx.so.1', 'libnvonnxparser.c');
    return join(this.folder, folder);
  }

  /** A library named like TensorRT that ends the process when it is opened. @returns Its folder. */
  crashingOnOpen(): string {
    const source = '__attribute__((constructor)) static void crash(void) { __builtin_trap(); }\n';
    const folder = join(this.folder, 'crashing');
    mkdirSync(folder, { recursive: true });
    execFileSync('cc', ['-shared', '-fPIC', '-x', 'c', '-', '-o', join(folder, 'libnvinfer.so.11')], {
      input: source,
    });
    return folder;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #compile(folder: string, name: string, source: string, flags: readonly string[] = []): string {
    const path = join(this.folder, folder, name);
    mkdirSync(join(this.folder, folder), { recursive: true });
    execFileSync('cc', ['-shared', '-fPIC', ...flags, join(SOURCES, source), '-o', path]);
    return path;
  }
}
