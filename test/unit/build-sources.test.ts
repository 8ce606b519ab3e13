// SPDX-License-Identifier: Apache-2.0
// CMakeLists.txt and binding.gyp make the same addon.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(__dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const cmake = ['CMakeLists.txt', 'cmake/addon.cmake'].map(read).join('\n');
const gyp = read('binding.gyp');

/** Files that match a pattern whose last folder and file name may have an asterisk. */
function expand(pattern: string): string[] {
  const folder = dirname(pattern);
  const folders = basename(folder) === '*' ? below(dirname(folder)) : [folder];
  return folders.flatMap((one) =>
    readdirSync(join(ROOT, one))
      .filter((name) => name.endsWith('.cc'))
      .map((name) => `${one}/${name}`),
  );
}

const below = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);

describe('the two ways to build the addon', () => {
  it('compile the same sources', () => {
    const patterns = [...new Set(cmake.match(/native\/[\w/*]+\/\*\.cc/g))];
    const commands = [...gyp.matchAll(/<!@\(node (cmake\/gyp\.cjs) (sources [^)]+)\)/g)];
    const compiled = commands.flatMap(([, script, args]) =>
      execFileSync(process.execPath, [script!, ...args!.split(' ')], { cwd: ROOT, encoding: 'utf8' }).split(
        '\n',
      ),
    );
    const sources = [...new Set(compiled)].sort();
    expect(sources).toContain('native/ops/tensors/convert.cc');
    // A source may match two patterns: one for all, and one for those with options of their own.
    expect(sources).toEqual([...new Set(patterns.flatMap(expand))].sort());
  });

  it('compile the operators alike', () => {
    const [, options] = /COMPILE_OPTIONS "([^"]+)"/.exec(cmake)!;
    const flags = options!.split(';').sort();
    const ours = /'target_name': 'trtn_ops',[^}]*'cflags_cc': \[([^\]]+)\]/.exec(gyp)![1]!;
    expect([...ours.matchAll(/'([^']+)'/g)].map(([, flag]) => flag!).sort()).toEqual(flags);
    expect(flags).toContain('-ffp-contract=off');
  });

  it('define the same for the addon', () => {
    const names = (text: string): string[] => text.match(/\b(NAPI|NODE_A|NODE_API|TRTN)_[A-Z_]+/g)!.sort();
    const [, ours] = /'target_name': 'tensorrt_node',[^}]*'defines': \[([^\]]+)\]/.exec(gyp)!;
    const [, theirs] = /target_compile_definitions\(tensorrt_node PRIVATE([^)]+)\)/.exec(cmake)!;
    expect(names(ours!)).toEqual(names(theirs!));
  });
});
