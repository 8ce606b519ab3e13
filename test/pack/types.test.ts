// SPDX-License-Identifier: Apache-2.0
// The packed package as compilers and bundlers resolve it: publint for package.json, arethetypeswrong for the types.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(__dirname, '..', '..');
const ATTW = join(ROOT, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
const RESOLUTIONS = ['node10', 'node16-cjs', 'node16-esm', 'bundler'];

/**
 * `moduleResolution: node10` knows no `exports`: it cannot see a subpath of any package that has no folder of that name
 * in its root. The main entry resolves there through `main` and `types`.
 */
const NOT_FOR_NODE10 = (entry: string, resolution: string) => entry !== '.' && resolution === 'node10';

interface Problem {
  kind: string;
  entrypoint?: string;
  resolutionKind?: string;
}
interface Analysis {
  entrypoints: Record<string, { resolutions: Record<string, unknown> }>;
  problems: Problem[];
}

let folder: string;
let tarball: string;
let unpacked: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'trtn-types-'));
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' }));
  tarball = join(folder, filename);
  unpacked = unpack(tarball, 'unpacked');
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function unpack(archive: string, name: string): string {
  const target = join(folder, name);
  mkdirSync(target);
  execFileSync('tar', ['-xzf', archive, '-C', target]);
  return join(target, 'package');
}

/** What arethetypeswrong finds in a tarball, in all its entry points or in some. */
function analyse(archive: string, entrypoints: readonly string[] = []): Analysis {
  const some = entrypoints.length > 0 ? ['--entrypoints', ...entrypoints] : [];
  // Into a file: the program ends before a pipe has taken all of its output.
  const output = openSync(`${archive}.json`, 'w');
  const args = [ATTW, archive, '--format', 'json', '--no-color', ...some];
  // Its exit status counts what the tests below sort out themselves.
  const { stderr } = spawnSync(process.execPath, args, {
    stdio: ['ignore', output, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(output);
  expect(stderr).toBe('');
  return (JSON.parse(readFileSync(`${archive}.json`, 'utf8')) as { analysis: Analysis }).analysis;
}

function typeProblems({ problems }: Analysis): Problem[] {
  return problems.filter(
    ({ kind, entrypoint, resolutionKind }) =>
      !(kind === 'NoResolution' && NOT_FOR_NODE10(entrypoint!, resolutionKind!)),
  );
}

async function packageProblems(path: string): Promise<(string | undefined)[]> {
  const { messages, pkg } = await publint({ pkgDir: path, pack: false, level: 'suggestion', strict: true });
  return messages.map((message) => formatMessage(message, pkg));
}

/** The package with something broken in it, packed again. */
function brokenPackage(name: string, damage: (path: string) => void): { path: string; archive: string } {
  const path = join(folder, name, 'package');
  cpSync(unpacked, path, { recursive: true });
  damage(path);
  const archive = join(folder, `${name}.tgz`);
  execFileSync('tar', ['-czf', archive, '-C', join(folder, name), 'package']);
  return { path, archive };
}

describe('the packed package', { timeout: 300_000 }, () => {
  it('has nothing that publint would change', async () => {
    expect(await packageProblems(unpacked)).toEqual([]);
  });

  it('gives the right types to every module resolution, from every entry point', () => {
    const analysis = analyse(tarball);
    const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(Object.keys(analysis.entrypoints).sort()).toEqual(Object.keys(exports).sort());
    for (const { resolutions } of Object.values(analysis.entrypoints))
      expect(Object.keys(resolutions)).toEqual(RESOLUTIONS);
    expect(typeProblems(analysis)).toEqual([]);
  });

  it('would not pass without the declarations of its ES modules', async () => {
    const { path, archive } = brokenPackage('no-esm-types', (folder) =>
      rmSync(join(folder, 'dist/index.d.mts')),
    );
    expect(existsSync(join(path, 'dist/index.d.ts'))).toBe(true);
    expect((await packageProblems(path)).join('\n')).toMatch(/dist\/index\.d\.mts.*does not exist/);
    expect(typeProblems(analyse(archive, ['.']))).not.toEqual([]);
  });

  it('would not pass with the types of CommonJS for its ES modules', () => {
    const { archive } = brokenPackage('false-cjs', (path) => {
      const file = join(path, 'package.json');
      const manifest = JSON.parse(readFileSync(file, 'utf8'));
      manifest.exports['.'].import.types = './dist/index.d.ts';
      writeFileSync(file, JSON.stringify(manifest));
    });
    expect(typeProblems(analyse(archive, ['.'])).map(({ kind }) => kind)).toContain('FalseCJS');
  });
});
