// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { findParser, locateTensorRt, type SearchPlaces } from '../../../lib/runtime/locate-tensorrt';
import { temporaryFolder } from '../../temporary-folder';

/** A machine in a folder: its files, and environment variables whose values are paths in it. */
function places(
  files: readonly string[],
  env: Readonly<Record<string, string>> = {},
): SearchPlaces & { at(path: string): string } {
  const root = temporaryFolder();
  const at = (path: string): string => join(root, path);
  for (const file of files) {
    mkdirSync(dirname(at(file)), { recursive: true });
    writeFileSync(at(file), file);
  }
  const variables = Object.fromEntries(Object.entries(env).map(([name, path]) => [name, at(path)]));
  return { env: variables, home: at('home'), root: at('package'), systemRoot: root, arch: 'x64', at };
}

async function found(machine: SearchPlaces, libraryPath?: string): Promise<string[]> {
  return (await locateTensorRt(libraryPath, machine)).candidates
    .map(({ path }) => path)
    .filter((path) => path.includes('/'));
}

describe('locateTensorRt', () => {
  it('looks everywhere, in the documented order', async () => {
    const files = [
      'named/libnvinfer.so.10',
      'package/.sdk/python/tensorrt_rtx_libs/libtensorrt_rtx.so.1',
      'venv/lib/python3.12/site-packages/tensorrt_libs/libnvinfer.so.11',
      'conda/lib/python3.11/site-packages/tensorrt_rtx_libs/libtensorrt_rtx.so.1',
      'interpreter/lib/python3.10/site-packages/tensorrt_libs/libnvinfer.so.10',
      'home/.pyenv/versions/3.9.1/lib/python3.9/site-packages/tensorrt_libs/libnvinfer.so.10',
      'home/.local/lib/python3.11/site-packages/tensorrt_libs/libnvinfer.so.10',
      'usr/lib/python3/dist-packages/tensorrt_libs/libnvinfer.so.10',
      'usr/local/TensorRT-10.16/lib/libnvinfer.so.10',
      'usr/lib/x86_64-linux-gnu/libnvinfer.so.10',
    ];
    const machine = places([...files, 'interpreter/bin/python3'], {
      TENSORRT_NODE_LIB_DIR: 'named',
      VIRTUAL_ENV: 'venv',
      CONDA_PREFIX: 'conda',
      PATH: 'interpreter/bin',
    });
    expect(await found(machine)).toEqual(files.map((file) => machine.at(file)));
    const { candidates } = await locateTensorRt(undefined, machine);
    const bare = candidates.findIndex(({ path }) => path === 'libtensorrt_rtx.so.1');
    expect(candidates[bare - 1]!.path).toBe('libnvinfer.so.10');
    expect(candidates[bare + 1]!.path).toBe(machine.at('usr/local/TensorRT-10.16/lib/libnvinfer.so.10'));
  });

  it('takes an explicit folder or file and nothing else', async () => {
    const machine = places(['a/libnvinfer.so.10', 'a/libnvinfer.so.11', 'b/libnvinfer.so.10', 'a/x.so'], {
      TENSORRT_NODE_LIB_DIR: 'b',
    });
    expect(await found(machine, machine.at('a'))).toEqual([
      machine.at('a/libnvinfer.so.11'),
      machine.at('a/libnvinfer.so.10'),
    ]);
    expect(await found(machine, machine.at('a/x.so'))).toEqual([machine.at('a/x.so')]);
  });

  it("prefers pyenv's selected version", async () => {
    const library = (version: string) =>
      `home/.pyenv/versions/${version}/lib/python3/site-packages/tensorrt_libs/libnvinfer.so.10`;
    const machine = places([library('3.12.0'), library('3.9.1')]);
    writeFileSync(machine.at('home/.pyenv/version'), '3.9.1\n');
    expect(await found(machine)).toEqual([machine.at(library('3.9.1')), machine.at(library('3.12.0'))]);
  });

  it('follows a virtual environment to the interpreter that it links to', async () => {
    const machine = places([
      'base/bin/python3.11',
      'base/lib/python3.11/site-packages/tensorrt_libs/libnvinfer.so.10',
    ]);
    mkdirSync(machine.at('venv/bin'), { recursive: true });
    symlinkSync(machine.at('base/bin/python3.11'), machine.at('venv/bin/python3'));
    machine.env.PATH = machine.at('venv/bin');
    expect(await found(machine)).toEqual([
      machine.at('base/lib/python3.11/site-packages/tensorrt_libs/libnvinfer.so.10'),
    ]);
  });

  it('lists a file once that has several names', async () => {
    const machine = places([
      'lib/libnvinfer.so.10.16.1',
      'lib/libnvinfer_lean.so.10',
      'lib/libnvinfer_plugin.so.10',
    ]);
    symlinkSync('libnvinfer.so.10.16.1', machine.at('lib/libnvinfer.so.10'));
    expect(await found(machine, machine.at('lib'))).toEqual([
      machine.at('lib/libnvinfer.so.10'),
      machine.at('lib/libnvinfer_lean.so.10'),
    ]);
  });

  it('says why a place gave nothing', async () => {
    const machine = places(['empty/readme']);
    const reasons = async (path: string) => (await locateTensorRt(path, machine)).tried[0]!.reason;
    expect(await reasons(machine.at('empty'))).toMatch(/holds none of libnvinfer\.so\.11/);
    expect(await reasons(machine.at('none'))).toMatch(/no such file or folder/);
    expect(await reasons('/opt/<version>/lib')).toMatch(/placeholder/);
  });
});

describe('findParser', () => {
  it('looks beside the library and beside what it links to', async () => {
    const machine = places([
      'real/libtensorrt_rtx.so.1',
      'real/libtensorrt_onnxparser_rtx.so.1',
      'lonely/libtensorrt_rtx.so.1',
    ]);
    mkdirSync(machine.at('links'));
    symlinkSync(machine.at('real/libtensorrt_rtx.so.1'), machine.at('links/libtensorrt_rtx.so.1'));
    const parser = machine.at('real/libtensorrt_onnxparser_rtx.so.1');
    expect(await findParser(machine.at('real/libtensorrt_rtx.so.1'), 'tensorrt-rtx')).toBe(parser);
    expect(await findParser(machine.at('links/libtensorrt_rtx.so.1'), 'tensorrt-rtx')).toBe(parser);
    expect(await findParser(machine.at('lonely/libtensorrt_rtx.so.1'), 'tensorrt-rtx')).toBeUndefined();
    expect(await findParser('libnvinfer.so.11', 'tensorrt-11')).toBe('libnvonnxparser.so.11');
  });
});
