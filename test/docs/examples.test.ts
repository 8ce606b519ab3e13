// SPDX-License-Identifier: Apache-2.0
// Every program of examples/ is run by a test. The test that runs it is found by the program's name.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourceFiles } from '../../scripts/source-files.mjs';

const ROOT = join(__dirname, '../..');
const STARTS = /\b(spawn|fork|execFile|execFileSync|spawnSync|import|runExample)\(|\bfrom '[./]*\/examples\//;

const isProgram = (path: string): boolean => /\.(mjs|cjs|js|ts|mts)$/.test(path) && !path.endsWith('.d.ts');

/** Programs of an example that no other file of it imports: what users start. */
function startedPrograms(folder: string, files: readonly string[]): string[] {
  const programs = files.filter((path) => path.startsWith(`${folder}/`) && isProgram(path));
  const imported = new Set(
    programs.flatMap((path) =>
      [...readFileSync(join(ROOT, path), 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) =>
        join(path, '..', match[1]!),
      ),
    ),
  );
  return programs.filter((path) => !imported.has(path));
}

describe('examples', () => {
  const files = sourceFiles(ROOT);
  const tests = files
    .filter((path) => /^test\/(?!docs\/).*\.test\.ts$/.test(path))
    .map((path) => readFileSync(join(ROOT, path), 'utf8'))
    .filter((text) => STARTS.test(text));
  const folders = readdirSync(join(ROOT, 'examples'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `examples/${entry.name}`);

  it('each have a page, which the README or a guide links', () => {
    expect(folders.filter((folder) => !files.includes(`${folder}/README.md`))).toEqual([]);
    const pages = files.filter((path) => /^(README\.md|docs\/(guides|tutorial)\/.*\.md)$/.test(path));
    const texts = pages.map((path) => readFileSync(join(ROOT, path), 'utf8'));
    expect(folders.filter((folder) => !texts.some((text) => text.includes(`${folder}/`)))).toEqual([]);
  });

  it.each(folders)('%s: its programs are started by a test', (folder) => {
    const quoted = folder.split('/').map((part) => `'${part}'`);
    const own = tests.filter((text) => text.includes(folder) || text.includes(quoted.join(', ')));
    const programs = startedPrograms(folder, files);
    // Workflows are looked at by command-lines.test.ts; training is a program of Python that the page describes.
    const missing = programs.filter((path) => {
      const name = path
        .split('/')
        .at(-1)!
        .replace(/\.\w+$/, '');
      return !own.some((text) => new RegExp(`\\b${name}\\b`).test(text));
    });
    expect(missing).toEqual([]);
    expect(
      programs.length > 0 || files.some((path) => path.startsWith(`${folder}/`) && /\.ya?ml$/.test(path)),
    ).toBe(true);
  });
});
