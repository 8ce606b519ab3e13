// SPDX-License-Identifier: Apache-2.0
// What is read of a binary, and what keeps one from being shipped. The running Node.js has libraries enough to read.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { ElfError, readElf } from '../../../scripts/prebuild/elf.mjs';
import { compareVersions, verifyBinary } from '../../../scripts/prebuild/verify-binary.mjs';
import { makeElf } from '../../elf-builder';

const ours = { exported: ['napi_register_module_v1', 'node_api_module_get_api_version_v1'] };

describe('readElf', () => {
  it('reads machine, libraries, versions and symbols', () => {
    const bytes = makeElf({
      ...ours,
      machine: 183,
      needed: ['libc.so.6', 'libm.so.6'],
      versions: { 'libc.so.6': ['GLIBC_2.17', 'GLIBC_2.28'], 'libm.so.6': ['GLIBC_2.27'] },
      imported: ['napi_create_object', 'malloc'],
      runpath: '$ORIGIN',
    });
    expect(readElf(bytes)).toEqual({
      machine: 'arm64',
      needed: ['libc.so.6', 'libm.so.6'],
      versions: [
        { library: 'libc.so.6', version: 'GLIBC_2.17' },
        { library: 'libc.so.6', version: 'GLIBC_2.28' },
        { library: 'libm.so.6', version: 'GLIBC_2.27' },
      ],
      exported: ours.exported,
      imported: ['napi_create_object', 'malloc'],
      searchPaths: ['$ORIGIN'],
      debugSections: [],
      neverUnloaded: true,
      executableStack: false,
      textRelocations: false,
    });
  });

  it('reads a binary that a linker made', (context) => {
    if (process.platform !== 'linux') context.skip(`the binary is one of Linux, this is ${process.platform}`);
    const folder = `onnxruntime-node/bin/napi-v6/linux/${process.arch}`;
    const file = createRequire(__filename).resolve(`${folder}/onnxruntime_binding.node`);
    const elf = readElf(readFileSync(file));
    expect(elf.machine).toBe(process.arch);
    expect(elf.needed).toContain('libonnxruntime.so.1');
    expect(elf.exported).toContain('napi_register_module_v1');
    expect(elf.imported).toContain('napi_create_reference');
    expect(elf.versions.some(({ version }) => version.startsWith('GLIBC_2.'))).toBe(true);
  });

  it('says what is wrong with a file that is no shared library', () => {
    const whole = makeElf(ours);
    const changed = (offset: number, byte: number) => {
      const copy = Buffer.from(whole);
      copy[offset] = byte;
      return copy;
    };
    expect(() => readElf(Buffer.alloc(0))).toThrow('not an ELF file');
    expect(() => readElf(Buffer.from('MZ, a program for Windows'))).toThrow('not an ELF file');
    expect(() => readElf(changed(4, 1))).toThrow('not a 64-bit little-endian ELF file');
    expect(() => readElf(changed(16, 2))).toThrow('not a shared library: ELF type 2, expected 3');
    expect(() => readElf(changed(60, 0))).toThrow('it has no section headers');
    expect(() => readElf(changed(62, 99))).toThrow('there is no section 99');
  });

  it('takes a file cut at any place for damaged, and no damage for a crash', () => {
    const whole = makeElf({ ...ours, needed: ['libc.so.6'], versions: { 'libc.so.6': ['GLIBC_2.2.5'] } });
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => readElf(whole.subarray(0, length)), `${length} bytes`).toThrow(ElfError);
    }
    for (let offset = 0; offset < whole.length; offset += 1) {
      const damaged = Buffer.from(whole);
      damaged[offset] = 0xff;
      try {
        readElf(damaged);
      } catch (error) {
        expect(error, `byte ${offset}`).toBeInstanceOf(ElfError);
      }
    }
  });
});

describe('verifyBinary', () => {
  const problems = (parts: Parameters<typeof makeElf>[0], folders: string[] = []) =>
    verifyBinary(makeElf({ ...ours, ...parts }), { arch: 'x64', folders }).problems;

  it('has nothing against a binary as it shall be', () => {
    const bytes = makeElf({
      ...ours,
      needed: ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0', 'ld-linux-x86-64.so.2'],
      versions: { 'libc.so.6': ['GLIBC_2.9', 'GLIBC_2.28'] },
      imported: ['napi_create_object', 'napi_get_instance_data', 'malloc'],
    });
    const { problems: found, facts } = verifyBinary(bytes, { arch: 'x64' });
    expect(found).toEqual([]);
    expect(facts).toMatchObject({ glibcNeeded: '2.28' });
  });

  it.each([
    ['made for arm64, expected x64', { machine: 183 }],
    ['needs glibc 2.29, at most 2.28 is promised', { versions: { 'libc.so.6': ['GLIBC_2.29'] } }],
    ['needs libstdc++.so.6, which not every system has', { needed: ['libstdc++.so.6', 'libc.so.6'] }],
    ['needs GCC_3.0 of libgcc_s.so.1', { versions: { 'libgcc_s.so.1': ['GCC_3.0'] } }],
    ['has search paths of its own: /opt/lib', { runpath: '/opt/lib' }],
    ['does not export node_api_module_get_api_version_v1', { exported: ['napi_register_module_v1'] }],
    ["exports leaked besides Node's entry points", { exported: [...ours.exported, 'leaked'] }],
    [
      'lacks C++ functions that nothing it needs has: _ZN4trtn3ops5BeginEv',
      { imported: ['_ZN4trtn3ops5BeginEv'] },
    ],
    // Of version 9.
    ['uses node_api_symbol_for, not part of Node-API 8', { imported: ['node_api_symbol_for'] }],
    ['is not stripped: it has .symtab', { symbolTable: true }],
    ['may be unloaded', { flags: 0 }],
    ['wants an executable stack', { executableStack: true }],
    ['has relocations in its code', { textRelocations: true }],
    ['names a folder of the machine that built it', { text: '/bui' + 'ld/project/native/core/session.cc' }],
    ['at most 5500000 are meant', { text: 'x'.repeat(5_500_001) }],
  ])('refuses one that is or %s', (problem, parts) => {
    const found = problems(parts);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(problem);
  });

  it('finds the folder of the build wherever it is', () => {
    expect(problems({ text: '/srv/ci/checkout/native/x.cc' }, ['/srv/ci/checkout/'])).toEqual([
      'names a folder of the machine that built it: /srv/ci/checkout/',
    ]);
  });

  it('says why a damaged file is refused', () => {
    const { problems: found, facts } = verifyBinary(makeElf(ours).subarray(0, 100), { arch: 'x64' });
    expect(found).toEqual([expect.stringContaining('cut short')]);
    expect(facts).toBeNull();
  });

  it('compares versions by their numbers', () => {
    expect(['2.28', '2.9', '2.2.5', '2.10'].sort(compareVersions)).toEqual(['2.2.5', '2.9', '2.10', '2.28']);
  });
});
