// SPDX-License-Identifier: Apache-2.0
// Ways in which installers lay out a package, and processes load it, that have broken native packages.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { temporaryFolder } from '../temporary-folder';
import { InstalledPackage, runScript } from './loader-install';

interface Report {
  readonly addon: { readonly available: boolean; readonly path: string; readonly reason: string | null };
  readonly advice: readonly string[];
}

/** What `probe()` reports in a process that loads the package from `folder`. */
function probeFrom(folder: string, flags: readonly string[] = [], before = ''): Report {
  const script = `
    ${before}
    require(${JSON.stringify(folder)}).probe({ libraryPath: '/nowhere' }).then((report) => console.log(JSON.stringify(report)));`;
  const { stdout, stderr, status } = runScript(script, { command: [process.execPath, ...flags] });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Report;
}

describe('an installed package', () => {
  it('loads from a path with spaces, signs of URLs and letters beyond ASCII', () => {
    const parent = join(temporaryFolder(), 'a b#c%20?é 目');
    mkdirSync(parent);
    const installed = new InstalledPackage(parent);
    expect(probeFrom(installed.folder).addon).toMatchObject({ available: true, path: installed.binary });
  });

  it('loads through the links of pnpm, resolved or with --preserve-symlinks', () => {
    const project = temporaryFolder();
    const store = join(project, 'node_modules', '.pnpm', 'tensorrt-node@1');
    mkdirSync(store, { recursive: true });
    const installed = new InstalledPackage(store);
    const link = join(project, 'node_modules', 'tensorrt-node');
    symlinkSync(join('.pnpm', 'tensorrt-node@1', 'node_modules', 'tensorrt-node'), link);
    const preserved = join(link, 'prebuilds', ...installed.binary.split('/').slice(-2));
    expect(probeFrom(link).addon).toMatchObject({ available: true, path: installed.binary });
    expect(probeFrom(link, ['--preserve-symlinks']).addon).toMatchObject({
      available: true,
      path: preserved,
    });
  });

  it('loads in a process that has opened the same file by itself', () => {
    const installed = new InstalledPackage();
    const open = `process.dlopen({ exports: {} }, ${JSON.stringify(installed.binary)});`;
    expect(probeFrom(installed.folder, [], open + open).addon.available).toBe(true);
  });

  it('loads in a worker that ends before the main thread loads it', () => {
    const installed = new InstalledPackage();
    const load = `require(${JSON.stringify(installed.folder)}).probe({ libraryPath: '/nowhere' })`;
    const script = `
      const { Worker } = require('node:worker_threads');
      const code = ${JSON.stringify(`${load}.then(({ addon }) => require('node:worker_threads').parentPort.postMessage(addon.available))`)};
      const seen = [];
      new Worker(code, { eval: true })
        .on('message', (available) => seen.push(available))
        .on('exit', () => ${load}.then(({ addon }) => console.log(JSON.stringify([...seen, addon.available]))));`;
    const { stdout, stderr } = runScript(script);
    expect(stdout, stderr).toBe('[true,true]\n');
  });
});

describe('probe()', () => {
  it.each([
    ['truncated', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 100_000))],
    ['not-an-addon', (file: string) => (rmSync(file), execFileSync('mkfifo', [file]))],
  ])('tells %s without opening it anywhere', (cause, damage) => {
    const installed = new InstalledPackage();
    damage(installed.binary);
    expect(probeFrom(installed.folder).addon).toMatchObject({ available: false, cause });
  });

  it('reports a package whose files are not all there', () => {
    const installed = new InstalledPackage();
    rmSync(join(installed.folder, 'dist', 'chunks', 'probe.js'));
    const { addon, advice } = probeFrom(installed.folder);
    expect(addon.available).toBe(false);
    expect(addon.reason).toContain('probe.js');
    expect(advice[0]).toContain('Probing failed');
  });

  it('reports a process that can open no more files', () => {
    const installed = new InstalledPackage();
    const script = `
      const { closeSync, openSync } = require('node:fs');
      const { probe } = require(${JSON.stringify(installed.folder)});
      const open = [];
      for (;;) try { open.push(openSync('/dev/null')); } catch { break; }
      (async () => {
        const first = await probe();
        for (const file of open) closeSync(file);
        console.log(first.addon.reason);
      })();`;
    const command = ['sh', '-c', 'ulimit -n 40; exec "$0" "$@"', process.execPath];
    const { stdout, stderr, status } = runScript(script, { command });
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^EMFILE: too many open files/);
  });
});
