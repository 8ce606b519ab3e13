// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcess } from 'node:child_process';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { loadAddon } from '../../../lib/binding/load';
import { forkWorker } from '../../../lib/runtime/fork-worker';
import { probe } from '../../../lib/runtime/probe';

vi.mock('../../../lib/runtime/fork-worker');
vi.mock('../../../lib/binding/load', () => ({
  addonFile: () => ({ path: '/addon.node', origin: 'prebuilt' }),
  isAddonLoaded: () => true,
  loadAddon: vi.fn(() => {
    throw new Error('opened in this process');
  }),
}));

/** A child that says what it opens and dies. */
function dyingChild(opening?: string): ChildProcess {
  const says = opening === undefined ? '' : `process.send({ kind: 'opening', path: '${opening}' });`;
  const script = `process.once('message', () => { ${says} setImmediate(() => process.kill(process.pid, 'SIGABRT')); });`;
  return spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
}

beforeEach(() => {
  vi.mocked(loadAddon).mockClear();
});

describe('probe({ isolated: true })', () => {
  it('does not open in this process what brought the child down', async () => {
    vi.mocked(forkWorker).mockImplementation(() => dyingChild());
    const report = await probe({ isolated: true });
    expect(loadAddon).not.toHaveBeenCalled();
    expect(report.addon).toMatchObject({ available: false, reason: 'the child process ended by SIGABRT' });
    expect(report.advice).toEqual(['Probing in a child process failed: the child process ended by SIGABRT']);
  });

  it('gives up on a library that crashes although it was left out', async () => {
    vi.mocked(forkWorker).mockImplementation(() => dyingChild('libcuda.so.1'));
    const report = await probe({ isolated: true });
    expect(loadAddon).not.toHaveBeenCalled();
    expect(forkWorker).toHaveBeenCalled();
    expect(report.advice.join()).toContain('SIGABRT');
  });

  it('probes here if no child can be started', async () => {
    vi.mocked(forkWorker).mockImplementation(() => {
      throw new Error('no processes left');
    });
    const report = await probe({ isolated: true });
    expect(loadAddon).toHaveBeenCalled();
    expect(report.advice.join()).toContain('no processes left');
  });
});

describe('the options of probe', () => {
  it.each([
    [{ isoalted: true }, 'Did you mean "isolated"?'],
    [{ libraryPath: 5 }, 'a string as libraryPath, not a number'],
    [{ isolated: 'yes' }, 'a boolean as isolated, not a string'],
    [null, 'not null'],
  ])('%j are wrong, and the report says so', async (options, advice) => {
    expect((await probe(options as never)).advice.join()).toContain(advice);
  });

  it('have nothing said about them where they are right', async () => {
    expect((await probe({ libraryPath: '/nowhere', isolated: false })).advice.join()).not.toContain(
      'probe()',
    );
  });
});
