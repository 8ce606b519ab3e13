// SPDX-License-Identifier: Apache-2.0
// The public surface is the one that docs/reference/public-api shows: whoever changes it changes the report too.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { compareReports, entryPoints, undocumentedItems } from '../../scripts/api-report.mjs';

const ROOT = join(__dirname, '..', '..');
const REPORTS = join(ROOT, 'docs', 'reference', 'public-api');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { exports } = JSON.parse(read('package.json'));

describe('the API report', () => {
  it('has a file for every entry point of the package', () => {
    const expected = entryPoints(exports).map(({ name }) => `${name}.api.md`);
    expect(expected.length).toBe(Object.keys(exports).length - 1);
    expect(readdirSync(REPORTS).sort()).toEqual(expected.sort());
  });

  it('shows names that the entry points export at run time', () => {
    for (const { name, types } of entryPoints(exports)) {
      const source = `console.log(JSON.stringify(Object.keys(require('./${types.replace(/\.d\.ts$/, '.js')}'))))`;
      const { stdout, stderr } = spawnSync(process.execPath, ['-e', source], { cwd: ROOT, encoding: 'utf8' });
      expect(stderr).toBe('');
      const report = read(`docs/reference/public-api/${name}.api.md`);
      // What is re-exported whole has no line for each name.
      const shown = /^export \* from/m.test(report) ? [] : (JSON.parse(stdout) as string[]);
      const missing = shown.filter((key) => !new RegExp(`\\b${key}\\b`).test(report) && key !== '__esModule');
      expect([name, missing]).toEqual([name, []]);
    }
  });

  it('has the reference beside it for every entry point that exports something', () => {
    const { entryPoints: documented } = JSON.parse(read('typedoc.json')) as { entryPoints: string[] };
    const exporting = entryPoints(exports).filter(({ name }) =>
      /^export /m.test(read(`docs/reference/public-api/${name}.api.md`)),
    );
    const sources = exporting.map(({ types }) =>
      types.replace(/^\.\/dist\//, 'lib/').replace(/\.d\.ts$/, '.ts'),
    );
    expect(documented.sort()).toEqual(sources.sort());
  });

  it('is that of the sources, and all of it has docstrings', { timeout: 300_000 }, () => {
    const check = [join(ROOT, 'scripts', 'api-report.mjs'), '--check'];
    const { status, stderr } = spawnSync(process.execPath, check, { cwd: ROOT, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, expect.stringContaining(', 0 changed')]);
  });
});

describe('undocumentedItems', () => {
  it('names an export and a member without a docstring', () => {
    const text = [
      '// @public (undocumented)\nexport const A = 1;',
      '// @public\nexport interface B {\n    // (undocumented)\n    readonly c: number;\n    d: string;\n}\n',
    ].join('\n');
    expect(undocumentedItems(new Map([['a.api.md', text]]))).toEqual([
      'a.api.md: export const A = 1;',
      'a.api.md: readonly c: number;',
    ]);
  });
});

describe('compareReports', () => {
  const kept = new Map([['a.api.md', 'export function run(x: number): void;\nexport const A = 1;\n']]);

  it('finds no difference between the same', () => {
    expect(compareReports(kept, new Map(kept))).toEqual([]);
  });

  it('names the lines that are gone and those that are new', () => {
    const made = new Map([['a.api.md', 'export function run(x: string): void;\nexport const A = 1;\n']]);
    expect(compareReports(kept, made)).toEqual([
      'a.api.md:\n  - export function run(x: number): void;\n  + export function run(x: string): void;',
    ]);
  });

  it('names an entry point that is new or gone', () => {
    expect(compareReports(new Map(), kept)[0]).toContain('+ export const A = 1;');
    expect(compareReports(kept, new Map())[0]).toContain('- export const A = 1;');
  });

  it('sees a change of order, and a line that comes twice', () => {
    const swapped = new Map([['a.api.md', 'export const A = 1;\nexport function run(x: number): void;\n']]);
    expect(compareReports(kept, swapped)).toEqual(['a.api.md:\n  the order of lines']);
    const twice = new Map([['a.api.md', `${kept.get('a.api.md')}export const A = 1;\n`]]);
    expect(compareReports(kept, twice)).toEqual(['a.api.md:\n  + export const A = 1;']);
  });

  it('shortens what is long', () => {
    const long = new Map([
      ['a.api.md', Array.from({ length: 40 }, (_, i) => `export const c${i}: 1;`).join('\n')],
    ]);
    expect(compareReports(new Map([['a.api.md', '']]), long)[0]).toMatch(/and 28 lines more$/);
  });
});
