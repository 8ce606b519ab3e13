// SPDX-License-Identifier: Apache-2.0
// Reads what the head of a shared library says of itself. Opening a library that was cut short can end the process by
// SIGBUS, and the system's loader takes whatever it is given: so a file is looked at first.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** What a file is, as far as its head tells. */
export interface BinaryHeader {
  readonly format: 'elf' | 'mach-o' | 'pe' | 'none';
  /** Size of the file. */
  readonly bytes: number;
  /** The first bytes. */
  readonly head: Uint8Array;
  /** ELF: the processor, as `process.arch` names it where Node has a name for it. */
  readonly machine?: string;
  /** ELF with 64 bits: how long the file has to be for all that its tables name. */
  readonly neededBytes?: number;
  /** ELF with 64 bits: false if the table at the end of the file is not what it should be. */
  readonly hasSectionNames?: boolean;
  /** ELF with 64 bits, programs alone: path of the dynamic loader. */
  readonly interpreter?: string;
}

const HEAD_BYTES = 512;
const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const PT_INTERP = 3;
const SHT_STRTAB = 3;

const MACHINES: Readonly<Record<number, string>> = {
  3: 'ia32',
  8: 'mips',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

/** Reads the head of a file. @throws the system's error if it cannot be read. */
export function readBinaryHeader(path: string): BinaryHeader {
  const file = openSync(path, 'r');
  try {
    const bytes = fstatSync(file).size;
    const head = readAt(file, 0, HEAD_BYTES);
    const format = formatOf(head);
    return { format, bytes, head, ...(format === 'elf' ? readElf(file, head) : {}) };
  } finally {
    closeSync(file);
  }
}

function formatOf(head: Buffer): BinaryHeader['format'] {
  const magic = head.length >= 4 ? head.readUInt32BE(0) : 0;
  if (magic === 0x7f454c46) return 'elf';
  // 64-bit Mach-O in either byte order, and the fat form of several processors.
  if ([0xcffaedfe, 0xfeedfacf, 0xcafebabe].includes(magic)) return 'mach-o';
  return magic >>> 16 === 0x4d5a ? 'pe' : 'none';
}

type ElfFacts = Pick<BinaryHeader, 'machine' | 'neededBytes' | 'hasSectionNames' | 'interpreter'>;

function readElf(file: number, head: Buffer): ElfFacts {
  if (head.length < 20) return { neededBytes: ELF_HEADER_BYTES };
  const isLittle = head[5] === 1;
  const code = isLittle ? head.readUInt16LE(18) : head.readUInt16BE(18);
  const machine = MACHINES[code] ?? `machine ${code}`;
  // The tables of the others are nothing that this package could open.
  if (head[4] !== 2 || !isLittle) return { machine };
  if (head.length < ELF_HEADER_BYTES) return { machine, neededBytes: ELF_HEADER_BYTES };
  const sections = readSectionTable(file, head);
  const programs = readProgramTable(file, head);
  return {
    machine,
    neededBytes: Math.max(ELF_HEADER_BYTES, sections.end, programs.end),
    hasSectionNames: sections.hasNames,
    ...(programs.interpreter === undefined ? {} : { interpreter: programs.interpreter }),
  };
}

/** The table of sections is the last thing in a file: one that is whole has it. */
function readSectionTable(file: number, head: Buffer): { end: number; hasNames: boolean } {
  const start = Number(head.readBigUInt64LE(40));
  const [size, count, names] = [head.readUInt16LE(58), head.readUInt16LE(60), head.readUInt16LE(62)];
  if (start === 0 || count === 0) return { end: 0, hasNames: true };
  const type = readAt(file, start + names * size + 4, 4);
  return {
    end: start + size * count,
    hasNames: type.length === 4 && type.readUInt32LE(0) === SHT_STRTAB,
  };
}

function readProgramTable(file: number, head: Buffer): { end: number; interpreter?: string } {
  const start = Number(head.readBigUInt64LE(32));
  const [size, count] = [head.readUInt16LE(54), head.readUInt16LE(56)];
  if (size < PROGRAM_HEADER_BYTES) return { end: start };
  const table = readAt(file, start, size * count);
  let end = start + size * count;
  let interpreter: string | undefined;
  for (let at = 0; at + PROGRAM_HEADER_BYTES <= table.length; at += size) {
    const offset = Number(table.readBigUInt64LE(at + 8));
    const length = Number(table.readBigUInt64LE(at + 32));
    end = Math.max(end, offset + length);
    if (table.readUInt32LE(at) === PT_INTERP)
      interpreter = readAt(file, offset, Math.min(length, 4096)).toString('latin1').replace(/\0.*$/s, '');
  }
  return interpreter === undefined ? { end } : { end, interpreter };
}

/** Up to `length` bytes from `position`; fewer at the end of the file. */
function readAt(file: number, position: number, length: number): Buffer {
  if (!Number.isSafeInteger(position)) return Buffer.alloc(0);
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(file, buffer, 0, length, position));
}
