// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { withLock } from '../../../lib/builder/cache-lock';
import { rejection, temporaryFolder } from '../../temporary-folder';

function lockPath(): string {
  return join(temporaryFolder(), 'key.lock');
}

/** What a lock of this very process says. */
async function ownLock(): Promise<Record<string, unknown>> {
  const path = lockPath();
  return withLock(
    path,
    undefined,
    async () => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>,
  );
}

function makeOld(path: string, seconds = 60): void {
  const past = new Date(Date.now() - seconds * 1000);
  utimesSync(path, past, past);
}

describe('withLock', () => {
  it('lets one in at a time', async () => {
    const path = lockPath();
    let inside = 0;
    let most = 0;
    const visit = async (index: number) => {
      most = Math.max(most, ++inside);
      await delay(5);
      inside--;
      return index;
    };
    const all = await Promise.all(
      [1, 2, 3, 4, 5].map((index) => withLock(path, undefined, () => visit(index))),
    );
    expect(all).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(1);
    expect(existsSync(path)).toBe(false);
  });

  it('is released when the work fails', async () => {
    const path = lockPath();
    expect(
      (await rejection(withLock(path, undefined, () => Promise.reject(new Error('work'))))).message,
    ).toBe('work');
    expect(await withLock(path, undefined, () => Promise.resolve('next'))).toBe('next');
  });

  it('takes over from a process that died', async () => {
    const path = lockPath();
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeFileSync(path, JSON.stringify({ ...(await ownLock()), pid, token: 'dead' }));
    expect(await withLock(path, undefined, () => Promise.resolve('taken'))).toBe('taken');
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  it('takes over from a process whose pid somebody else has now', async () => {
    const path = lockPath();
    writeFileSync(path, JSON.stringify({ ...(await ownLock()), startTime: '1', token: 'dead' }));
    expect(await withLock(path, undefined, () => Promise.resolve('taken'))).toBe('taken');
  });

  it('waits for a living holder however old its heartbeat is', async () => {
    const path = lockPath();
    writeFileSync(path, JSON.stringify({ ...(await ownLock()), token: 'alive' }));
    makeOld(path);
    const signal = AbortSignal.timeout(100);
    expect(await rejection(withLock(path, signal, () => Promise.resolve()))).toMatchObject({
      code: 'ERR_TRT_BUILD_CANCELLED',
    });
    expect(existsSync(path)).toBe(true);
  });

  it('takes over after ten minutes from a thread that is gone while its process lives', async () => {
    const path = lockPath();
    writeFileSync(path, JSON.stringify({ ...(await ownLock()), token: 'terminated' }));
    makeOld(path, 601);
    const signal = AbortSignal.timeout(5000);
    expect(await withLock(path, signal, () => Promise.resolve('taken'))).toBe('taken');
  });

  it("takes over from a process whose pid is somebody else's of another user", async () => {
    const path = lockPath();
    const own = await ownLock();
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('not permitted'), { code: 'EPERM' });
    });
    onTestFinished(() => kill.mockRestore());
    writeFileSync(path, JSON.stringify({ ...own, token: 'alive' }));
    expect(await rejection(withLock(path, AbortSignal.timeout(100), () => Promise.resolve()))).toMatchObject({
      code: 'ERR_TRT_BUILD_CANCELLED',
    });
    writeFileSync(path, JSON.stringify({ ...own, startTime: '1', token: 'dead' }));
    const signal = AbortSignal.timeout(5000);
    expect(await withLock(path, signal, () => Promise.resolve('taken'))).toBe('taken');
  });

  it.each([
    ['of another machine', { namespace: 'elsewhere' }],
    ['that nobody finished writing', null],
  ])('judges a lock %s by its age', async (_what, changes) => {
    const path = lockPath();
    writeFileSync(path, changes ? JSON.stringify({ ...(await ownLock()), ...changes }) : '');
    const signal = AbortSignal.timeout(100);
    expect(await rejection(withLock(path, signal, () => Promise.resolve()))).toMatchObject({
      code: 'ERR_TRT_BUILD_CANCELLED',
    });
    makeOld(path);
    expect(await withLock(path, undefined, () => Promise.resolve('taken'))).toBe('taken');
  });

  it('does not remove the lock of somebody who took over', async () => {
    const path = lockPath();
    const other = { ...(await ownLock()), token: 'new holder' };
    await withLock(path, undefined, async () => writeFileSync(path, JSON.stringify(other)));
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(other);
  });

  it('passes on why a lock file cannot be made', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    expect(
      await rejection(withLock(join(folder, 'file', 'x.lock'), undefined, () => Promise.resolve())),
    ).toMatchObject({ code: 'ENOTDIR' });
  });
});
