// SPDX-License-Identifier: Apache-2.0
// Makes small shared libraries of 64-bit ELF, as much of them as a reader looks at; no code, they cannot be opened.

export interface ElfParts {
  /** ELF's number: 62 x64 (default), 183 arm64. */
  machine?: number;
  needed?: string[];
  /** Symbol versions by library. */
  versions?: Record<string, string[]>;
  exported?: string[];
  imported?: string[];
  runpath?: string;
  /** DT_FLAGS_1; default: never unloaded. */
  flags?: number;
  textRelocations?: boolean;
  executableStack?: boolean;
  /** With a `.symtab`, as before `strip`. */
  symbolTable?: boolean;
  /** Content of `.rodata`. */
  text?: string;
}

interface Section {
  name: string;
  type: number;
  bytes: Buffer;
  link?: number;
  info?: number;
}

const HEADER = 64;
const SEGMENT = 56;
const STRINGS = 1;

/** Names with an end, found again by their offset. */
class StringTable {
  private text = '\0';

  add(name: string): number {
    const offset = this.text.length;
    this.text += `${name}\0`;
    return offset;
  }

  get bytes(): Buffer {
    return Buffer.from(this.text, 'latin1');
  }
}

export function makeElf(parts: ElfParts = {}): Buffer {
  const names = new StringTable();
  const symbols = symbolBytes(parts, names);
  const versions = versionBytes(parts.versions ?? {}, names);
  const dynamic = dynamicBytes(parts, names);
  const sections: Section[] = [
    { name: '', type: 0, bytes: Buffer.alloc(0) },
    { name: '.dynstr', type: 3, bytes: names.bytes },
    { name: '.dynsym', type: 11, bytes: symbols, link: STRINGS },
    { name: '.dynamic', type: 6, bytes: dynamic, link: STRINGS },
    { name: '.rodata', type: 1, bytes: Buffer.from(parts.text ?? '', 'latin1') },
  ];
  const versionCount = Object.keys(parts.versions ?? {}).length;
  if (versionCount > 0) {
    sections.push({
      name: '.gnu.version_r',
      type: 0x6ffffffe,
      bytes: versions,
      link: STRINGS,
      info: versionCount,
    });
  }
  if (parts.symbolTable) sections.push({ name: '.symtab', type: 2, bytes: Buffer.alloc(24), link: STRINGS });
  return layOut(parts, sections);
}

function symbolBytes({ exported = [], imported = [] }: ElfParts, names: StringTable): Buffer {
  const symbol = (name: string, section: number) => {
    const bytes = Buffer.alloc(24);
    bytes.writeUInt32LE(names.add(name), 0);
    // Global, a function.
    bytes[4] = 0x12;
    bytes.writeUInt16LE(section, 6);
    return bytes;
  };
  return Buffer.concat([
    Buffer.alloc(24),
    ...exported.map((name) => symbol(name, 4)),
    ...imported.map((name) => symbol(name, 0)),
  ]);
}

function dynamicBytes(parts: ElfParts, names: StringTable): Buffer {
  const entries: [tag: number, value: number][] = (parts.needed ?? []).map((name) => [1, names.add(name)]);
  if (parts.runpath !== undefined) entries.push([29, names.add(parts.runpath)]);
  if (parts.textRelocations) entries.push([22, 0]);
  entries.push([0x6ffffffb, parts.flags ?? 8], [0, 0]);
  return Buffer.concat(entries.map((pair) => longs(...pair)));
}

function versionBytes(versions: Record<string, string[]>, names: StringTable): Buffer {
  const libraries = Object.entries(versions).map(([library, list], index, all) => {
    const head = Buffer.alloc(16);
    head.writeUInt16LE(1, 0);
    head.writeUInt16LE(list.length, 2);
    head.writeUInt32LE(names.add(library), 4);
    head.writeUInt32LE(16, 8);
    head.writeUInt32LE(index + 1 < all.length ? 16 * (list.length + 1) : 0, 12);
    const entries = list.map((version, at) => {
      const entry = Buffer.alloc(16);
      entry.writeUInt32LE(names.add(version), 8);
      entry.writeUInt32LE(at + 1 < list.length ? 16 : 0, 12);
      return entry;
    });
    return Buffer.concat([head, ...entries]);
  });
  return Buffer.concat(libraries);
}

function layOut({ machine = 62, executableStack = false }: ElfParts, sections: Section[]): Buffer {
  const sectionNames = new StringTable();
  const nameOffsets = sections.map(({ name }) => sectionNames.add(name));
  nameOffsets.push(sectionNames.add('.shstrtab'));
  const all = [...sections, { name: '.shstrtab', type: 3, bytes: sectionNames.bytes }];
  let offset = HEADER + SEGMENT;
  const offsets = all.map(({ bytes }) => {
    const start = offset;
    offset += bytes.length;
    return start;
  });
  const header = Buffer.alloc(HEADER);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(3, 16);
  header.writeUInt16LE(machine, 18);
  longs(HEADER).copy(header, 32);
  longs(offset).copy(header, 40);
  [HEADER, SEGMENT, 1, 64, all.length, all.length - 1].forEach((value, at) =>
    header.writeUInt16LE(value, 52 + 2 * at),
  );
  const segment = Buffer.alloc(SEGMENT);
  segment.writeUInt32LE(0x6474e551, 0);
  segment.writeUInt32LE(executableStack ? 7 : 6, 4);
  const table = all.map(({ type, bytes, link = 0, info = 0 }, index) => {
    const entry = Buffer.alloc(64);
    entry.writeUInt32LE(nameOffsets[index]!, 0);
    entry.writeUInt32LE(type, 4);
    longs(offsets[index]!, bytes.length).copy(entry, 24);
    entry.writeUInt32LE(link, 40);
    entry.writeUInt32LE(info, 44);
    return entry;
  });
  return Buffer.concat([header, segment, ...all.map(({ bytes }) => bytes), ...table]);
}

function longs(...values: number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, index) => bytes.writeBigUInt64LE(BigInt(value), 8 * index));
  return bytes;
}
