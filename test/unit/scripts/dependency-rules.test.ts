// SPDX-License-Identifier: Apache-2.0
// Each rule about who uses whom in lib/ is shown a folder that breaks it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult, type IFlattenedRuleSet, type ICruiseOptions } from 'dependency-cruiser';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

interface Rules extends IFlattenedRuleSet {
  options: ICruiseOptions;
}
const rules = createRequire(__filename)('../../../.dependency-cruiser.cjs') as Rules;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dependency-rules-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Writes the files and gives back the names of the rules that they break. */
async function brokenRules(files: Record<string, string>): Promise<string[]> {
  const manifest = { name: 'sample', version: '1.0.0', devDependencies: { 'dev-only': '1.0.0' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const options = { ...rules.options, ruleSet: rules, validate: true, baseDir: folder };
  const { output } = await cruise(['lib'], options);
  return [
    ...new Set((output as ICruiseResult).summary.violations.map((violation) => violation.rule.name)),
  ].sort();
}

/** Two files of which the first imports the second. */
function pair(user: string, used: string): Record<string, string> {
  const up = '../'.repeat(user.split('/').length - 2) || './';
  const target = used.replace(/^lib\//, '').replace(/\.ts$/, '');
  return {
    [user]: `import { x } from '${up}${target}';\nexport const y = x;\n`,
    [used]: 'export const x = 1;\n',
  };
}

describe('dependency rules', () => {
  it.each([
    ['lib/cli/a.ts', 'lib/bench/b.ts'],
    ['lib/cli/a.ts', 'lib/index.ts'],
    ['lib/bench/a.ts', 'lib/index.ts'],
    ['lib/cli/a.ts', 'lib/session/b.ts'],
    ['lib/session/a.ts', 'lib/builder/b.ts'],
    ['lib/builder/a.ts', 'lib/onnx/b.ts'],
    ['lib/builder/a.ts', 'lib/runtime/b.ts'],
    ['lib/runtime/a.ts', 'lib/binding/b.ts'],
    ['lib/compress/a.ts', 'lib/onnx/b.ts'],
    ['lib/onnx/wire/a.ts', 'lib/text/b.ts'],
    ['lib/tensor/a.ts', 'lib/errors.ts'],
  ])('%s may use %s', async (user, used) => {
    expect(await brokenRules(pair(user, used))).toEqual([]);
  });

  it.each([
    ['lib/onnx/a.ts', 'lib/runtime/b.ts', 'onnx-uses-only-its-layers'],
    ['lib/onnx/a.ts', 'lib/binding/b.ts', 'onnx-uses-only-its-layers'],
    ['lib/compress/a.ts', 'lib/binding/b.ts', 'compress-uses-only-its-layers'],
    ['lib/compress/a.ts', 'lib/runtime/b.ts', 'compress-uses-only-its-layers'],
    ['lib/runtime/a.ts', 'lib/builder/b.ts', 'runtime-uses-only-its-layers'],
    ['lib/binding/a.ts', 'lib/runtime/b.ts', 'binding-uses-only-its-layers'],
    ['lib/builder/a.ts', 'lib/cli/b.ts', 'builder-uses-only-its-layers'],
    ['lib/bench/a.ts', 'lib/runtime/b.ts', 'bench-uses-only-its-layers'],
    ['lib/serve/a.ts', 'lib/builder/b.ts', 'serve-uses-only-its-layers'],
    ['lib/cli/a.ts', 'lib/binding/b.ts', 'cli-uses-only-its-layers'],
    ['lib/tensor/a.ts', 'lib/runtime/b.ts', 'tensor-is-a-leaf'],
    ['lib/text/a.ts', 'lib/onnx/b.ts', 'text-is-a-leaf'],
    ['lib/errors.ts', 'lib/runtime/b.ts', 'errors-is-a-leaf'],
    ['lib/index.ts', 'lib/surprise/b.ts', 'no-unknown-folder'],
  ])('%s may not use %s', async (user, used, rule) => {
    expect(await brokenRules(pair(user, used))).toEqual([rule]);
  });

  it('refuses a type import in the wrong direction as well', async () => {
    const files = pair('lib/onnx/a.ts', 'lib/runtime/b.ts');
    files['lib/onnx/a.ts'] = "import type { X } from '../runtime/b';\nexport type Y = X;\n";
    files['lib/runtime/b.ts'] = 'export type X = number;\n';
    expect(await brokenRules(files)).toEqual(['onnx-uses-only-its-layers']);
  });

  it('refuses a cycle', async () => {
    const files = {
      'lib/onnx/a.ts': "import { b } from './b';\nexport const a = b;\n",
      'lib/onnx/b.ts': "import { a } from './a';\nexport const b = a;\n",
    };
    expect(await brokenRules(files)).toEqual(['no-cycle']);
  });

  it('refuses tests, development packages and what does not resolve in lib/', async () => {
    const files = {
      'lib/onnx/a.ts': "import '../../test/b';\nimport './missing';\nimport 'dev-only';\n",
      'test/b.ts': 'export {};\n',
      'node_modules/dev-only/package.json': '{ "name": "dev-only", "version": "1.0.0", "main": "index.js" }',
      'node_modules/dev-only/index.js': '',
    };
    expect(await brokenRules(files)).toEqual(['lib-stands-alone', 'only-declared-packages', 'resolvable']);
  });
});
