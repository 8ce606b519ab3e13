// SPDX-License-Identifier: Apache-2.0
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { readBinaryHeader } from '../../../lib/binding/binary-header';
import { temporaryFolder } from '../../temporary-folder';

function fileOf(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, bytes);
  return path;
}

/** An ELF header of 64 bits without tables, and with `change`. */
function elf(change: (head: Buffer) => void = () => undefined): Uint8Array {
  const head = Buffer.alloc(64);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeUInt16LE(62, 18);
  change(head);
  return head;
}

describe('readBinaryHeader', () => {
  it.runIf(process.platform === 'linux')('reads the program of this process', () => {
    const header = readBinaryHeader(process.execPath);
    expect(header).toMatchObject({
      format: 'elf',
      machine: process.arch,
      bytes: statSync(process.execPath).size,
    });
    expect(header.neededBytes).toBeGreaterThan(64);
    expect(header.neededBytes).toBeLessThanOrEqual(header.bytes);
    expect(header.interpreter).toMatch(/\/ld-/);
  });

  it('takes no table at its word', () => {
    const far = elf((head) => {
      head.writeBigUInt64LE(0xffffffffffffffffn, 40);
      head.writeUInt16LE(0xffff, 58);
      head.writeUInt16LE(0xffff, 60);
      head.writeBigUInt64LE(2n ** 60n, 32);
      head.writeUInt16LE(56, 54);
      head.writeUInt16LE(3, 56);
    });
    const header = readBinaryHeader(fileOf(far));
    expect(header.neededBytes).toBeGreaterThan(header.bytes);
    expect(header.hasSectionNames).toBe(false);
  });

  it.each([
    ['none', Buffer.alloc(0)],
    ['none', Buffer.from('abc')],
    ['elf', Buffer.from('\x7fELF', 'latin1')],
    ['elf', Buffer.from(elf()).subarray(0, 30)],
    ['pe', Buffer.from('MZ\x90\0', 'latin1')],
    ['mach-o', Buffer.from([0xcf, 0xfa, 0xed, 0xfe])],
  ])('says %s of files of any length', (format, bytes) => {
    expect(readBinaryHeader(fileOf(bytes)).format).toBe(format);
  });

  it('names processors of either byte order and width', () => {
    const machineOf = (bytes: Uint8Array) => readBinaryHeader(fileOf(bytes)).machine;
    expect(machineOf(elf())).toBe('x64');
    expect(machineOf(elf((head) => head.writeUInt16LE(40, 18)))).toBe('arm');
    expect(
      machineOf(
        elf((head) => {
          head[5] = 2;
          head.writeUInt16BE(22, 18);
        }),
      ),
    ).toBe('s390x');
    expect(machineOf(elf((head) => head.writeUInt16LE(4711, 18)))).toBe('machine 4711');
  });
});
