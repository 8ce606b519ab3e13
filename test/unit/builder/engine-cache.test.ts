// SPDX-License-Identifier: Apache-2.0
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { BuildFolder } from '../../../lib/builder/build-folder';
import { cacheKey, type CacheKeyParts } from '../../../lib/builder/cache-key';
import { EngineCache, type BuiltEngine } from '../../../lib/builder/engine-cache';
import type { FileOperations } from '../../../lib/runtime/atomic-file';
import { noDriver, oneGpu } from '../../fake-machine';
import { manifestFor, rtxPlan } from '../../plan-samples';
import { rejection, temporaryFolder } from '../../temporary-folder';

const plan = rtxPlan();
let builds = 0;

async function build(folder: BuildFolder): Promise<BuiltEngine> {
  builds++;
  const path = folder.file('engine');
  await fs.writeFile(path, plan);
  return { path, manifest: manifestFor(plan) };
}

function builtBy<T>(work: () => Promise<T>): Promise<{ result: T; built: number }> {
  const before = builds;
  return work().then((result) => ({ result, built: builds - before }));
}

describe('EngineCache', () => {
  it('builds once, for calls after each other and at once', async () => {
    const cache = new EngineCache(join(temporaryFolder(), 'made', 'on-demand'));
    const { result, built } = await builtBy(() =>
      Promise.all([1, 2, 3].map(() => cache.getOrBuild('key', build))),
    );
    expect(built).toBe(1);
    expect(result.filter(({ cached }) => !cached)).toHaveLength(1);
    expect(readFileSync(result[0]!.path).equals(plan)).toBe(true);
    expect((await builtBy(() => cache.getOrBuild('key', build))).built).toBe(0);
    expect((await builtBy(() => cache.getOrBuild('other', build))).built).toBe(1);
    expect(readdirSync(cache.folder).sort()).toEqual([
      'key.engine',
      'key.engine.json',
      'other.engine',
      'other.engine.json',
    ]);
  });

  it.each([
    ['a changed engine', (path: string) => writeFileSync(path, rtxPlan([9, 9, 9, 9]))],
    ['a truncated engine', (path: string) => writeFileSync(path, plan.subarray(0, 50))],
    ['a missing engine', (path: string) => rmSync(path)],
    ['a broken manifest', (path: string) => writeFileSync(`${path}.json`, '{')],
  ])('replaces an entry with %s and says so', async (_what, damage) => {
    const cache = new EngineCache(temporaryFolder());
    damage((await cache.getOrBuild('key', build)).path);
    const { result, built } = await builtBy(() => cache.getOrBuild('key', build));
    expect(built).toBe(1);
    expect(result.cached).toBe(false);
    expect(result.warnings).toHaveLength(1);
    expect(result.warnings[0]).toMatch(/built again/);
    expect((await cache.getOrBuild('key', build)).cached).toBe(true);
  });

  it('counts an engine without manifest as no entry', async () => {
    const cache = new EngineCache(temporaryFolder());
    rmSync(`${(await cache.getOrBuild('key', build)).path}.json`);
    expect((await cache.getOrBuild('key', build)).warnings).toEqual([]);
  });

  it('leaves nothing behind when a build fails, and lets the next one in', async () => {
    const cache = new EngineCache(temporaryFolder());
    const failing = async (folder: BuildFolder): Promise<BuiltEngine> => {
      await fs.writeFile(folder.file('engine'), 'half');
      throw new Error('no engine today');
    };
    expect((await rejection(cache.getOrBuild('key', failing))).message).toContain('no engine today');
    expect(readdirSync(cache.folder)).toEqual([]);
    expect((await cache.getOrBuild('key', build)).cached).toBe(false);
  });

  it('names a folder that cannot be written', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const error = await rejection(new EngineCache(join(folder, 'file', 'cache')).getOrBuild('key', build));
    expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_CACHE' });
    expect(error.message).toContain(join(folder, 'file'));
  });

  it.skipIf(process.getuid?.() === 0)(
    'serves hits from a folder that is read-only (skipped for root, who may write anywhere)',
    async () => {
      const cache = new EngineCache(temporaryFolder());
      await cache.getOrBuild('key', build);
      chmodSync(cache.folder, 0o500);
      expect((await cache.getOrBuild('key', build)).cached).toBe(true);
      expect(await rejection(cache.getOrBuild('other', build))).toMatchObject({
        code: 'ERR_TRT_BUILD_CACHE',
      });
      chmodSync(cache.folder, 0o700);
    },
  );

  it.each(['open', 'rename'] as const)(
    'keeps the old entry when the disk is full (%s)',
    async (operation) => {
      const folder = temporaryFolder();
      const { path } = await new EngineCache(folder).getOrBuild('key', build);
      const old = readFileSync(`${path}.json`, 'utf8').replace('"layers": 3', '"layers": -3');
      writeFileSync(`${path}.json`, old);
      const full: FileOperations = {
        ...fs,
        [operation]: () =>
          Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })),
      };
      const error = await rejection(new EngineCache(folder, full).getOrBuild('key', build));
      expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_DISK_FULL' });
      expect(readFileSync(`${path}.json`, 'utf8')).toBe(old);
      expect(readdirSync(folder).sort()).toEqual(['key.engine', 'key.engine.json']);
    },
  );
});

describe('cacheKey', () => {
  const parts: CacheKeyParts = {
    model: { sha256: 'a', bytes: 1, externalFiles: [{ name: 'w', sha256: 'b', bytes: 2 }] },
    options: { profiles: [], workspaceBytes: 5, refit: 'all' },
    library: { family: 'tensorrt-10', libraryVersion: 101601, libraryBytes: 7 },
    cuda: oneGpu(),
    timingCache: null,
  };
  const rtx = { family: 'tensorrt-rtx' as const, libraryVersion: 10701, libraryBytes: 7 };

  it('does not depend on the order of options', () => {
    const turned = { refit: 'all', workspaceBytes: 5, profiles: [] };
    expect(cacheKey({ ...parts, options: turned })).toBe(cacheKey(parts));
  });

  it('changes with everything that changes the engine', () => {
    const changes: Partial<CacheKeyParts>[] = [
      { model: { ...parts.model, sha256: 'c' } },
      { model: { ...parts.model, externalFiles: [{ name: 'w', sha256: 'c', bytes: 2 }] } },
      { options: { ...parts.options, workspaceBytes: 6 } },
      { library: { ...parts.library, family: 'tensorrt-11' } },
      { library: { ...parts.library, libraryVersion: 101602 } },
      { library: { ...parts.library, libraryBytes: 8 } },
      { cuda: oneGpu(90) },
      { cuda: { ...oneGpu(), driverVersion: 12080 } },
      { timingCache: 'd' },
    ];
    const keys = [parts, ...changes.map((change) => ({ ...parts, ...change }))].map(cacheKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('of TensorRT-RTX for other GPUs does not depend on the one at hand, nor on a timing cache', () => {
    const targets = { ...parts, library: rtx, options: { computeCapabilities: [89] } };
    expect(cacheKey({ ...targets, cuda: noDriver(), timingCache: 'd' })).toBe(cacheKey(targets));
    const current = { ...targets, options: { computeCapabilities: [1] } };
    expect(cacheKey({ ...current, cuda: oneGpu(90) })).not.toBe(cacheKey(current));
  });
});
