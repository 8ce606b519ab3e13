// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { FileOperations } from '../../../lib/runtime/atomic-file';
import { Engine } from '../../../lib/runtime/engine';
import { manifestFor, rtxPlan } from '../../plan-samples';
import { rejection, temporaryFolder } from '../../temporary-folder';

const plan = rtxPlan();

function engine(changes: Partial<ConstructorParameters<typeof Engine>[0]> = {}): Engine {
  return new Engine({
    family: 'tensorrt-rtx',
    version: '1.7.1.116',
    manifest: manifestFor(plan),
    source: { bytes: plan },
    bytes: plan.length,
    ...changes,
  });
}

/** File operations on a disk that is full for files whose name contains `part`. */
function fullDisk(part: string): FileOperations {
  const noSpace = () =>
    Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const open = async (...args: Parameters<typeof fs.open>) => {
    const file = await fs.open(...args);
    if (String(args[0]).includes(part)) file.writeFile = () => Promise.reject(noSpace());
    return file;
  };
  return { ...fs, open };
}

describe('Engine', () => {
  it('tells what its manifest says', () => {
    expect(engine().inputs).toEqual([{ name: 'x', type: 'float32', dims: ['batch', 4] }]);
    expect(engine().profiles).toHaveLength(1);
    expect(engine().report()).toMatchObject({ bytes: 200, buildMs: 2, layers: 3, cached: false, path: null });
  });

  it('without manifest has no inputs, but a report', () => {
    const bare = engine({ manifest: null });
    for (const property of ['inputs', 'outputs', 'profiles'] as const) {
      expect(() => bare[property]).toThrow(
        expect.objectContaining({ code: 'ERR_TRT_LOAD_MANIFEST_MISSING' }),
      );
    }
    expect(bare.report()).toMatchObject({ inputs: null, buildMs: null, bytes: 200 });
  });

  it('saves plan and manifest, from memory and from a file, also over itself', async () => {
    const path = join(temporaryFolder(), 'm.engine');
    await engine().save(path);
    expect(readFileSync(path).equals(plan)).toBe(true);
    expect(JSON.parse(readFileSync(`${path}.json`, 'utf8'))).toEqual(manifestFor(plan));
    const loaded = engine({ source: { path } });
    await loaded.save(path);
    await loaded.save(`${path}.copy`);
    expect(Buffer.from(await loaded.data()).equals(plan)).toBe(true);
    expect(readFileSync(`${path}.copy`).equals(plan)).toBe(true);
  });

  it('removes the manifest of another plan when it has none itself', async () => {
    const path = join(temporaryFolder(), 'm.engine');
    writeFileSync(`${path}.json`, 'old');
    await engine({ manifest: null }).save(path);
    expect(existsSync(`${path}.json`)).toBe(false);
  });

  it.each(['m.engine.', '.m.engine.json.'])(
    'keeps the old files when the disk is full for %s',
    async (part) => {
      const folder = temporaryFolder();
      const path = join(folder, 'm.engine');
      writeFileSync(path, 'old plan');
      writeFileSync(`${path}.json`, 'old manifest');
      const error = await rejection(engine({ fs: fullDisk(part) }).save(path));
      expect(error).toMatchObject({ code: 'ERR_TRT_BUILD_DISK_FULL' });
      expect(readFileSync(path, 'utf8')).toBe('old plan');
      expect(readFileSync(`${path}.json`, 'utf8')).toBe('old manifest');
      expect(readdirSync(folder).sort()).toEqual(['m.engine', 'm.engine.json']);
    },
  );

  it.each([true, false])(
    'leaves all as it was when the manifest cannot take its name (old: %s)',
    async (isOld) => {
      const folder = temporaryFolder();
      const path = join(folder, 'm.engine');
      if (isOld) writeFileSync(path, 'old plan');
      mkdirSync(`${path}.json`);
      expect(await rejection(engine().save(path))).toMatchObject({ code: 'ERR_TRT_BUILD_OUTPUT' });
      expect(readdirSync(folder).sort()).toEqual([...(isOld ? ['m.engine'] : []), 'm.engine.json']);
      if (isOld) expect(readFileSync(path, 'utf8')).toBe('old plan');
    },
  );

  it('says what is wrong with the place', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'taken'));
    for (const path of [join(folder, 'none', 'm.engine'), join(folder, 'taken')]) {
      expect(await rejection(engine().save(path))).toMatchObject({ code: 'ERR_TRT_BUILD_OUTPUT' });
    }
    expect(readdirSync(folder)).toEqual(['taken']);
    expect(await rejection(engine().save(''))).toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
  });

  it('says that its file is gone', async () => {
    const gone = engine({ source: { path: join(temporaryFolder(), 'gone.engine') } });
    expect(await rejection(gone.data())).toMatchObject({ code: 'ERR_TRT_LOAD_FILE' });
  });
});
