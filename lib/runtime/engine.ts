// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';

import type { Family } from '../binding/contract';
import { markClass } from '../binding/package-copies';
import { TensorRTError } from '../errors';
import type { TensorInfo } from '../tensor/tensor-info';
import type { FileOperations } from './atomic-file';
import { fileReadError } from './file-errors';
import type { EngineProfile, Manifest } from './manifest';
import { manifestPathOf } from './manifest-path';
import { describeType } from '../option-checks';

/** What an {@link Engine} is made of. */
export interface EngineParts {
  family: Family;
  version: string;
  manifest: Manifest | null;
  /** Where the plan is. */
  source: { path: string } | { bytes: Uint8Array };
  /** Size of the plan. */
  bytes: number;
  /** How this engine came about; absent for a loaded one. */
  build?: { cached: boolean; isolationStartMs: number | null; warnings: readonly string[] };
  /** Replaced by tests. */
  fs?: FileOperations;
}

/** Facts about an engine, as plain data. What a plan without manifest does not tell is null. */
export interface EngineReport {
  /** TensorRT family that built it and can run it. */
  family: Family;
  /** Version of the library that built it. */
  version: string;
  /** Size of the plan. */
  bytes: number;
  /** The file that it was written to or read from; null if it is in memory only. */
  path: string | null;
  /** True if the engine cache had it. */
  cached: boolean;
  /** Time that TensorRT took to build it, without parsing and without the start of a child process. */
  buildMs: number | null;
  /** Time that the ONNX parser took. */
  parseMs: number | null;
  /** Time from starting the building process until it was ready; null if there was none. */
  isolationStartMs: number | null;
  /** How many arithmetic nodes of the model work in each element type. */
  precision: Readonly<Record<string, number>> | null;
  /** GPUs that it was built for, major * 10 + minor; empty if it is for any that the family supports. */
  computeCapabilities: readonly number[] | null;
  /** Optimisation profiles; empty if no input is dynamic. */
  profiles: readonly EngineProfile[] | null;
  /** What the model takes. */
  inputs: readonly TensorInfo[] | null;
  /** What the model gives. */
  outputs: readonly TensorInfo[] | null;
  /** Layers of the network as parsed. */
  layers: number | null;
  /** Warnings of the build. */
  warnings: readonly string[];
  /** The options that shaped it. */
  options: Readonly<Record<string, unknown>> | null;
}

/**
 * A built plan: immutable, not yet on a GPU. Made by `buildEngine()` and `loadEngine()`.
 *
 * The plan is TensorRT's own, byte for byte; what TensorRT does not tell without a GPU is in the manifest.
 */
export class Engine {
  /** TensorRT family that can run it. */
  readonly family: Family;
  /** Version of the library that built it, e.g. `'1.7.1.116'`. */
  readonly version: string;
  /** What the manifest says; null for a plan without one. */
  readonly manifest: Manifest | null;
  /** Size of the plan in bytes. */
  readonly bytes: number;
  /** File that holds the plan; null if it is in memory. */
  readonly path: string | null;
  /** True if `buildEngine()` found it in the cache. */
  readonly cached: boolean;

  readonly #memory: Uint8Array | null;
  readonly #isolationStartMs: number | null;
  readonly #warnings: readonly string[];
  readonly #fs: FileOperations | undefined;

  static {
    markClass(this, 'Engine');
  }

  /** @internal Use `buildEngine()` or `loadEngine()`. */
  constructor(parts: EngineParts) {
    this.family = parts.family;
    this.version = parts.version;
    this.manifest = parts.manifest;
    this.bytes = parts.bytes;
    this.path = 'path' in parts.source ? resolve(parts.source.path) : null;
    this.#memory = 'bytes' in parts.source ? parts.source.bytes : null;
    this.cached = parts.build?.cached ?? false;
    this.#isolationStartMs = parts.build?.isolationStartMs ?? null;
    this.#warnings = parts.build?.warnings ?? [];
    this.#fs = parts.fs;
  }

  /** Inputs in the plan's order. @throws {TensorRTError} `ERR_TRT_LOAD_MANIFEST_MISSING` without a manifest. */
  get inputs(): readonly TensorInfo[] {
    return this.#requireManifest('inputs').inputs;
  }

  /** Outputs in the plan's order. @throws {TensorRTError} `ERR_TRT_LOAD_MANIFEST_MISSING` without a manifest. */
  get outputs(): readonly TensorInfo[] {
    return this.#requireManifest('outputs').outputs;
  }

  /**
   * Optimisation profiles, empty if no input is dynamic.
   *
   * @throws {TensorRTError} `ERR_TRT_LOAD_MANIFEST_MISSING` without a manifest.
   */
  get profiles(): readonly EngineProfile[] {
    return this.#requireManifest('profiles').profiles;
  }

  /** All that is known about the engine, as plain data. Never throws. */
  report(): EngineReport {
    const { manifest } = this;
    return {
      family: this.family,
      version: this.version,
      bytes: this.bytes,
      path: this.path,
      cached: this.cached,
      buildMs: manifest?.buildMs ?? null,
      parseMs: manifest?.parseMs ?? null,
      isolationStartMs: this.#isolationStartMs,
      precision: manifest?.precision ?? null,
      computeCapabilities: manifest?.computeCapabilities ?? null,
      profiles: manifest?.profiles ?? null,
      inputs: manifest?.inputs ?? null,
      outputs: manifest?.outputs ?? null,
      layers: manifest?.layers ?? null,
      warnings: [...(manifest?.warnings ?? []), ...this.#warnings],
      options: manifest?.options ?? null,
    };
  }

  /**
   * The plan's bytes. An engine in memory hands out its own array, not a copy: do not change it. One in a file is
   * read at every call.
   *
   * @throws {TensorRTError} `ERR_TRT_LOAD_FILE` if the file is gone.
   */
  async data(): Promise<Uint8Array> {
    if (this.#memory) return this.#memory;
    try {
      const { readWholeFile } = await import('./read-file.js');
      return await readWholeFile(this.path!);
    } catch (error) {
      throw fileReadError('engine', this.path!, error);
    }
  }

  /**
   * Writes the plan to `path` and the manifest to `path + '.json'`. Both are written completely before either takes
   * its name, so files that were there stay whole if anything fails. Without a manifest an old one there is removed,
   * as it describes another plan.
   *
   * @throws {TensorRTError} `ERR_TRT_BUILD_DISK_FULL` or `ERR_TRT_BUILD_OUTPUT`.
   */
  async save(path: string): Promise<void> {
    if (typeof path !== 'string' || path === '')
      throw new TensorRTError(
        'ERR_TRT_ARG_TYPE',
        `Engine.save(path) needs the path of a file, not ${path === '' ? 'an empty string' : describeType(path)}.`,
      );
    const { saveEngine } = await import('./save-engine.js');
    await saveEngine(resolve(path), {
      plan: this.#memory ?? this.path!,
      manifest: this.manifest,
      fs: this.#fs,
    });
  }

  #requireManifest(property: string): Manifest {
    if (this.manifest) return this.manifest;
    const name = this.path ?? 'the engine';
    throw new TensorRTError(
      'ERR_TRT_LOAD_MANIFEST_MISSING',
      `Expected a manifest to know the ${property} of ${name}, but there is none.`,
      { details: { engine: name, manifest: this.path === null ? null : manifestPathOf(this.path) } },
    );
  }
}
