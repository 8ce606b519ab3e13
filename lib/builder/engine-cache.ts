// SPDX-License-Identifier: Apache-2.0
// A folder of built engines by what they were made from. An entry is two files, `<key>.engine` and its manifest; the
// manifest has the digest of the engine, so half an entry, or a damaged one, is no entry.

import { mkdir, stat } from 'node:fs/promises';
import * as nodeFs from 'node:fs/promises';
import { join } from 'node:path';

import { TensorRTError } from '../errors';
import { commitTogether, stageBytes, stageExisting, type FileOperations } from '../runtime/atomic-file';
import { digestFile } from '../runtime/digest';
import { fileWriteError } from '../runtime/file-errors';
import { formatManifest, readManifest, type Manifest } from '../runtime/manifest';
import { manifestPathOf } from '../runtime/manifest-path';
import { BuildFolder } from './build-folder';
import { throwIfCancelled } from './cancellation';
import { withLock } from './cache-lock';

/** An engine of the cache. */
export interface CacheEntry {
  path: string;
  manifest: Manifest;
  /** True if it was there, false if this call built it. */
  cached: boolean;
  /** What was wrong with an entry that had to be replaced. */
  warnings: string[];
}

/** What a build leaves for the cache. */
export interface BuiltEngine {
  /** The plan, inside the folder that the build was given. */
  path: string;
  manifest: Manifest;
}

/** Engines in one folder. */
export class EngineCache {
  /**
   * @param folder - Made when the first engine is built.
   * @param fs - Replaced by tests.
   */
  constructor(
    readonly folder: string,
    private readonly fs: FileOperations = nodeFs,
  ) {}

  /**
   * The entry of a key; built by `build` if there is none. Of several callers, in this process and others, one builds
   * and the others get its result.
   *
   * A hit needs no right to write.
   *
   * @throws {TensorRTError} `ERR_TRT_BUILD_CACHE` if the folder cannot be written, `ERR_TRT_BUILD_DISK_FULL`, and what
   * `build` rejects with.
   */
  async getOrBuild(
    key: string,
    build: (folder: BuildFolder) => Promise<BuiltEngine>,
    signal?: AbortSignal,
  ): Promise<CacheEntry> {
    const warnings: string[] = [];
    const found = await this.#find(key, warnings, signal);
    if (found) return { ...found, cached: true, warnings };
    await this.#makeFolder();
    return this.#locked(key, signal, async () => {
      const built = await this.#find(key, warnings, signal);
      if (built) return { ...built, cached: true, warnings };
      return { ...(await this.#build(key, build)), cached: false, warnings: [...new Set(warnings)] };
    });
  }

  #path(key: string): string {
    return join(this.folder, `${key}.engine`);
  }

  /** The entry if it is whole. */
  async #find(
    key: string,
    warnings: string[],
    signal: AbortSignal | undefined,
  ): Promise<BuiltEngine | undefined> {
    const path = this.#path(key);
    try {
      const manifest = await readManifest(manifestPathOf(path));
      if (!manifest) return undefined;
      const { size } = await stat(path);
      const isWhole =
        size === manifest.plan.bytes && (await digestFile(path, signal)).sha256 === manifest.plan.sha256;
      if (isWhole) return { path, manifest };
      warnings.push(`The cached engine ${path} is damaged; it was built again.`);
    } catch (error) {
      throwIfCancelled(signal);
      warnings.push(
        `The cached engine ${path} cannot be used (${(error as Error).message}); it was built again.`,
      );
    }
    return undefined;
  }

  async #build(key: string, build: (folder: BuildFolder) => Promise<BuiltEngine>): Promise<BuiltEngine> {
    const target = this.#path(key);
    const folder = await BuildFolder.create(this.folder, 'ERR_TRT_BUILD_CACHE');
    try {
      const built = await build(folder);
      await this.#commit(target, built);
      return { path: target, manifest: built.manifest };
    } finally {
      await folder.remove();
    }
  }

  async #commit(target: string, { path, manifest }: BuiltEngine): Promise<void> {
    try {
      await commitTogether([
        stageExisting(target, path, this.fs),
        stageBytes(manifestPathOf(target), formatManifest(manifest), this.fs),
      ]);
    } catch (error) {
      throw fileWriteError(target, error, 'ERR_TRT_BUILD_CACHE');
    }
  }

  async #makeFolder(): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true });
    } catch (error) {
      throw fileWriteError(this.folder, error, 'ERR_TRT_BUILD_CACHE');
    }
  }

  async #locked<T>(key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const lock = join(this.folder, `${key}.lock`);
    try {
      return await withLock(lock, signal, work);
    } catch (error) {
      // Errors of the work have our class; the rest is the lock file itself.
      throw error instanceof TensorRTError ? error : fileWriteError(lock, error, 'ERR_TRT_BUILD_CACHE');
    }
  }
}
