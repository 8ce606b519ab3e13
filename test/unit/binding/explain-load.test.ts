// SPDX-License-Identifier: Apache-2.0
// Messages of loaders and of Node.js versions that are not here; those that are here are provoked in test/native.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { explainLoad } from '../../../lib/binding/explain-load';
import { explainOldNode } from '../../../lib/binding/inspect-addon';
import { ADDON_FAILURE_CAUSES } from '../../../lib/binding/load-failure';

describe('explainLoad', () => {
  it.each([
    [
      "/lib/libc.so.6: version `GLIBC_2.34' not found (required by x.node)",
      'glibc-too-old',
      'needs glibc 2.34',
    ],
    [
      "/lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by x.node)",
      'missing-library',
      'libstdc++',
    ],
    [
      'Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /x.node)',
      'musl',
      'Alpine',
    ],
    [
      'Error loading shared library libgomp.so.1: No such file or directory (needed by /x.node)',
      'missing-library',
      'libgomp.so.1',
    ],
    ['/a.zip/x.node: cannot open shared object file: No such file or directory', 'bundled', 'in an archive'],
    ['/x.node: undefined symbol: napi_add_finalizer', 'node-too-old', 'napi_add_finalizer'],
    ['/x.node: undefined symbol: dlinfo', 'missing-library', 'dlinfo'],
    ['/x.node: failed to map segment from shared object', 'permission', 'failed to map segment'],
    ['/x.node: cannot open shared object file: Permission denied', 'permission', 'permission denied'],
    ['/x.node: file too short', 'truncated', 'file too short'],
    ["Module did not self-register: '/x.node'.", 'not-an-addon', 'no Node-API addon'],
    [
      "The module '/x.node' was compiled against a different Node.js version using NODE_MODULE_VERSION 93.",
      'not-an-addon',
      'no Node-API addon',
    ],
    ['something else', 'other', 'something else'],
  ])('%s', (text, cause, word) => {
    const failure = explainLoad({ path: '/x.node', origin: 'prebuilt' }, text);
    expect(failure.cause).toBe(cause);
    expect(failure.message).toContain(word);
    expect(failure.hint).not.toBe('');
  });

  it('tells where another file has to come from', () => {
    const hintFor = (origin: 'environment' | 'local-build' | 'prebuilt') =>
      explainLoad({ path: '/x.node', origin }, 'file too short').hint;
    expect(hintFor('environment')).toContain('TENSORRT_NODE_ADDON');
    expect(hintFor('local-build')).toContain('npm run build');
    expect(hintFor('prebuilt')).toContain('--ignore-scripts is fine');
  });
});

describe('explainOldNode', () => {
  const host = (versions: Record<string, string>) => ({ platform: 'linux', arch: 'x64', versions });

  it('refuses versions without Node-API 8, and those before 20', () => {
    expect(explainOldNode(host({ node: '12.22.0', napi: '7' }))).toMatchObject({
      cause: 'node-too-old',
      message:
        'tensorrt-node needs Node.js 20 or newer with Node-API 8; this is Node.js 12.22.0 with Node-API 7.',
    });
    expect(explainOldNode(host({ node: '18.20.4', napi: '9' }))?.cause).toBe('node-too-old');
  });

  it('takes every later one, and runtimes that do not tell', () => {
    expect(explainOldNode(host({ node: '20.0.0', napi: '9' }))).toBeUndefined();
    expect(explainOldNode(host({ node: '26.1.0', napi: '10' }))).toBeUndefined();
    expect(explainOldNode(host({ node: '24.3.0', bun: '1.3.0' }))).toBeUndefined();
  });
});

describe('the documentation', () => {
  const page = (name: string) => readFileSync(join(__dirname, '..', '..', '..', 'docs', name), 'utf8');

  it.each(['reference/errors.md', 'guides/troubleshooting.md'])('%s has every cause', (name) => {
    const text = page(name);
    expect(ADDON_FAILURE_CAUSES.filter((cause) => !text.includes(`\`${cause}\``))).toEqual([]);
  });
});
