// SPDX-License-Identifier: Apache-2.0
// A disk that is really full: a tiny file system in memory. Mounting it needs root; elsewhere these tests are skipped
// and the unit tests, whose file operations fail as ordered, stand alone.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';

import { buildEngine } from '../../lib/index';
import { convModel } from '../onnx-models';
import { rejection, temporaryFolder } from '../temporary-folder';

function smallDisk(context: TestContext, kibibytes: number): string {
  const folder = temporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    context.skip(`a tmpfs cannot be mounted here: ${(error as Error).message.trim().split('\n').at(-1)}`);
  }
  onTestFinished(() => void execFileSync('umount', [folder]));
  return folder;
}

describe('a full disk', () => {
  it.for(['process', 'thread'] as const)('keeps the old engine (%s)', async (isolation, context) => {
    const disk = smallDisk(context, 64);
    const outputPath = join(disk, 'm.engine');
    writeFileSync(outputPath, 'old engine');
    const options = { runtime: 'tensorrt-rtx', isolation, outputPath } as const;
    expect(await rejection(buildEngine(convModel(), options))).toMatchObject({
      code: 'ERR_TRT_BUILD_DISK_FULL',
    });
    expect(readFileSync(outputPath, 'utf8')).toBe('old engine');
    expect(readdirSync(disk)).toEqual(['m.engine']);
  });

  it('stops a build for the cache and a save', async (context) => {
    const disk = smallDisk(context, 64);
    const options = { runtime: 'tensorrt-rtx', cacheDir: join(disk, 'cache') } as const;
    expect(await rejection(buildEngine(convModel(), options))).toMatchObject({
      code: 'ERR_TRT_BUILD_DISK_FULL',
    });
    expect(readdirSync(options.cacheDir)).toEqual([]);
    const engine = await buildEngine(convModel(), { runtime: 'tensorrt-rtx' });
    expect(await rejection(engine.save(join(disk, 'm.engine')))).toMatchObject({
      code: 'ERR_TRT_BUILD_DISK_FULL',
    });
    expect(readdirSync(disk)).toEqual(['cache']);
  });
});
