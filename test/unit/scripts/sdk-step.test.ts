// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runClient } from '../../../scripts/sdk/client.mjs';
import { digestFolder, findGivenHeaders } from '../../../scripts/sdk/headers.mjs';
import { isReady, removeLeftovers, runStep } from '../../../scripts/sdk/step.mjs';

let sdk: string;
beforeEach(() => {
  sdk = mkdtempSync(join(tmpdir(), 'sdk-step-'));
});
afterEach(() => {
  rmSync(sdk, { recursive: true, force: true });
});

const quiet = () => undefined;

/** A step that writes `content` into include/sample, and counts how often it ran. */
function sampleStep(content: string, make?: (folder: string) => Promise<void>) {
  const step = {
    runs: 0,
    name: 'sample',
    title: 'sample',
    groups: ['build'],
    target: 'include/sample',
    pin: content,
    make: async (folder: string) => {
      step.runs += 1;
      writeFileSync(join(folder, 'a.h'), content);
      await make?.(folder);
    },
  };
  return step;
}

const written = () => readFileSync(join(sdk, 'include/sample/a.h'), 'utf8');

describe('runStep', () => {
  it('makes the folder once and then leaves it', async () => {
    const step = sampleStep('one');
    expect(await runStep(sdk, step, quiet)).toBe('made');
    expect(await runStep(sdk, step, quiet)).toBe('ready');
    expect([step.runs, written()]).toEqual([1, 'one']);
  });

  it('makes it again when the pin changed or the folder is gone', async () => {
    await runStep(sdk, sampleStep('one'), quiet);
    expect(await runStep(sdk, sampleStep('two'), quiet)).toBe('made');
    expect(written()).toBe('two');
    rmSync(join(sdk, 'include'), { recursive: true });
    expect(await runStep(sdk, sampleStep('two'), quiet)).toBe('made');
  });

  it('keeps what was there when a new one fails, and leaves nothing half done', async () => {
    await runStep(sdk, sampleStep('one'), quiet);
    const failing = sampleStep('two', () => Promise.reject(new Error('the line\nbroke')));
    await expect(runStep(sdk, failing, quiet)).rejects.toMatchObject({
      message: 'sample: the line broke',
      title: 'sample',
      reason: 'the line broke',
    });
    expect(written()).toBe('one');
    expect(isReady(sdk, failing)).toBe(false);
    expect(readdirSync(sdk).sort()).toEqual(['include', 'stamps']);
  });

  it('runs nothing where the machine has the thing already', async () => {
    const step = { ...sampleStep('one'), given: () => '/somewhere' };
    expect(await runStep(sdk, step, quiet)).toBe('given');
    expect(existsSync(join(sdk, 'include'))).toBe(false);
  });
});

describe('removeLeftovers', () => {
  it('removes the folders of runs that ended and keeps those of running ones', () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const names = [`making-${dead}-x`, `making-${process.pid}-x`, 'include'];
    for (const name of names) mkdirSync(join(sdk, name));
    removeLeftovers(sdk);
    expect(readdirSync(sdk).sort()).toEqual(['include', `making-${process.pid}-x`]);
  });

  it('does nothing before the first run', () => {
    expect(() => removeLeftovers(join(sdk, 'none'))).not.toThrow();
  });
});

describe('runClient', () => {
  it("tells a failure in one line with the client's own reason and keeps the log", async () => {
    const script = 'console.error("error: no such crate\\nnote: bye"); process.exit(3)';
    const logFile = join(sdk, 'logs', 'x.log');
    const run = runClient(process.execPath, ['-e', script], { logFile });
    await expect(run).rejects.toThrow(`failed: error: no such crate (log: ${logFile})`);
    expect(readFileSync(logFile, 'utf8')).toContain('note: bye');
  });

  it('says that there is no network where that is behind a failure', async () => {
    const script =
      'console.error("NewConnectionError: Temporary failure in name resolution\\nERROR: No such thing"); process.exit(1)';
    const run = runClient(process.execPath, ['-e', script], { logFile: join(sdk, 'x.log') });
    await expect(run).rejects.toThrow(/no network: NewConnectionError/);
  });

  it('says so when the program cannot be run', async () => {
    const run = runClient(join(sdk, 'nothing'), [], { logFile: join(sdk, 'x.log') });
    await expect(run).rejects.toThrow(/cannot be run: .*ENOENT/);
  });
});

describe('headers', () => {
  function writeHeaders(folder: string, version: string) {
    mkdirSync(folder, { recursive: true });
    for (const name of ['NvInfer.h', 'NvOnnxParser.h']) writeFileSync(join(folder, name), '');
    writeFileSync(join(folder, 'NvInferVersion.h'), version);
  }

  it.each([
    ['tensorrt-10', '#define TRT_MAJOR_ENTERPRISE 10\n#define TRT_MINOR_ENTERPRISE 13\n'],
    ['tensorrt-11', '#define TRT_MAJOR_ENTERPRISE 11\n#define TRT_MINOR_ENTERPRISE 0\n'],
    ['tensorrt-rtx', '#define TRT_MAJOR_RTX 1\n#define TRT_MINOR_RTX 7\n'],
  ])('of TENSORRT_ROOT serve %s alone', (family, version) => {
    writeHeaders(join(sdk, 'include'), version);
    const families = ['tensorrt-10', 'tensorrt-11', 'tensorrt-rtx'];
    const served = families.filter((name) => findGivenHeaders(name, sdk)?.startsWith(sdk));
    expect(served).toEqual([family]);
  });

  it('of TENSORRT_ROOT that are too old serve nothing', () => {
    writeHeaders(join(sdk, 'include'), '#define TRT_MAJOR_ENTERPRISE 10\n#define TRT_MINOR_ENTERPRISE 0\n');
    expect(findGivenHeaders('tensorrt-10', sdk)?.startsWith(sdk) ?? false).toBe(false);
  });

  it('have a digest that depends on names and contents, not on order of writing', () => {
    const [first, second, third] = ['a', 'b', 'c'].map((name) => join(sdk, name)) as [string, string, string];
    for (const [folder, names] of [
      [first, ['x', 'y']],
      [second, ['y', 'x']],
      [third, ['x', 'z']],
    ] as const) {
      mkdirSync(folder);
      for (const name of names) writeFileSync(join(folder, name), 'same');
    }
    expect(digestFolder(second)).toBe(digestFolder(first));
    expect(digestFolder(third)).not.toBe(digestFolder(first));
  });
});
