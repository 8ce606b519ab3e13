// SPDX-License-Identifier: Apache-2.0
// Reads what the loader will read of a shared library: machine, libraries, versions, symbols. 64 bit, little-endian.

/** The file is no ELF binary that can be read, or it was cut short. */
export class ElfError extends Error {
  name = 'ElfError';
}

const MACHINES = { 62: 'x64', 183: 'arm64' };
const SECTION_TYPES = { symbols: 2, dynamic: 6, dynamicSymbols: 11, versionNeeds: 0x6ffffffe };
const TAGS = { needed: 1, rpath: 15, textRelocations: 22, runpath: 29, flags: 0x6ffffffb };
/** Occupy nothing of the file: the first entry, and memory that starts as zeros. */
const WITHOUT_CONTENT = [0, 8];
const NO_DELETE = 8;
const GNU_STACK = 0x6474e551;
const SHARED_OBJECT = 3;

/**
 * @typedef {object} Binary
 * @property {string} machine        'x64', 'arm64' or the ELF number
 * @property {string[]} needed       libraries that the loader opens with it
 * @property {{ library: string, version: string }[]} versions symbol versions that it asks of them
 * @property {string[]} exported     symbols that others can find
 * @property {string[]} imported     symbols that others must have
 * @property {string[]} searchPaths  of its own (RPATH, RUNPATH)
 * @property {string[]} debugSections what `strip` removes
 * @property {boolean} neverUnloaded
 * @property {boolean} executableStack
 * @property {boolean} textRelocations
 */

/**
 * @param {Buffer} bytes
 * @returns {Binary}
 * @throws {ElfError}
 */
export function readElf(bytes) {
  const view = new Cursor(bytes);
  const header = readHeader(view);
  const sections = readSections(view, header);
  const dynamic = readDynamic(view, sections);
  const symbols = readSymbols(view, sections);
  return {
    machine: MACHINES[header.machine] ?? String(header.machine),
    needed: dynamic.strings(TAGS.needed),
    versions: readVersionNeeds(view, sections),
    exported: symbols.filter((symbol) => symbol.isDefined && !symbol.isLocal).map(({ name }) => name),
    imported: symbols.filter((symbol) => !symbol.isDefined).map(({ name }) => name),
    searchPaths: [...dynamic.strings(TAGS.rpath), ...dynamic.strings(TAGS.runpath)],
    debugSections: sections
      .filter(({ type, name }) => type === SECTION_TYPES.symbols || /^\.z?debug/.test(name))
      .map(({ name }) => name),
    neverUnloaded: dynamic.values(TAGS.flags).some((flags) => (flags & NO_DELETE) !== 0),
    executableStack: hasExecutableStack(view, header),
    textRelocations: dynamic.values(TAGS.textRelocations).length > 0,
  };
}

/** Numbers and texts at an offset; outside the file is an error that says so. */
class Cursor {
  constructor(bytes) {
    this.bytes = bytes;
  }

  slice(offset, length) {
    if (offset + length > this.bytes.length) {
      throw new ElfError(`cut short: ${offset + length} bytes expected, the file has ${this.bytes.length}`);
    }
    return this.bytes.subarray(offset, offset + length);
  }

  u16(offset) {
    return this.slice(offset, 2).readUInt16LE();
  }

  u32(offset) {
    return this.slice(offset, 4).readUInt32LE();
  }

  u64(offset) {
    const value = this.slice(offset, 8).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ElfError(`damaged: ${value} at offset ${offset}`);
    return Number(value);
  }

  text(offset) {
    this.slice(offset, 1);
    const end = this.bytes.indexOf(0, offset);
    if (end < 0) throw new ElfError(`damaged: a name at offset ${offset} has no end`);
    return this.bytes.toString('latin1', offset, end);
  }
}

function readHeader(view) {
  if (view.bytes.length < 4 || view.bytes.readUInt32BE(0) !== 0x7f454c46)
    throw new ElfError('not an ELF file: it does not begin with 7f 45 4c 46');
  const [width, order] = view.slice(4, 2);
  if (width !== 2 || order !== 1) throw new ElfError('not a 64-bit little-endian ELF file');
  const type = view.u16(16);
  if (type !== SHARED_OBJECT) throw new ElfError(`not a shared library: ELF type ${type}, expected 3`);
  return {
    machine: view.u16(18),
    segments: { offset: view.u64(32), size: view.u16(54), count: view.u16(56) },
    sections: { offset: view.u64(40), size: view.u16(58), count: view.u16(60), names: view.u16(62) },
  };
}

function readSections(view, { sections: table }) {
  if (table.count === 0) throw new ElfError('damaged: it has no section headers');
  view.slice(table.offset, table.count * table.size);
  const sections = Array.from({ length: table.count }, (_, index) => {
    const at = table.offset + index * table.size;
    const [type, offset, size] = [view.u32(at + 4), view.u64(at + 24), view.u64(at + 32)];
    if (!WITHOUT_CONTENT.includes(type)) view.slice(offset, size);
    return { nameAt: view.u32(at), type, offset, size, link: view.u32(at + 40) };
  });
  const names = sections[table.names];
  if (names === undefined) throw new ElfError(`damaged: there is no section ${table.names}`);
  return sections.map((section) => ({ ...section, name: view.text(names.offset + section.nameAt) }));
}

/** The section of this type with the one that holds its names, or undefined. */
function findSection(sections, type) {
  const section = sections.find((one) => one.type === type);
  if (section === undefined) return undefined;
  const names = sections[section.link];
  if (names === undefined) throw new ElfError(`damaged: there is no section ${section.link}`);
  return { ...section, names: names.offset };
}

function readDynamic(view, sections) {
  const section = findSection(sections, SECTION_TYPES.dynamic);
  if (section === undefined) throw new ElfError('not a shared library: it has no dynamic section');
  const entries = Array.from({ length: Math.floor(section.size / 16) }, (_, index) => {
    const at = section.offset + index * 16;
    return { tag: view.u64(at), at: at + 8 };
  });
  const values = (tag) => entries.filter((entry) => entry.tag === tag).map(({ at }) => view.u64(at));
  return { values, strings: (tag) => values(tag).map((offset) => view.text(section.names + offset)) };
}

function readSymbols(view, sections) {
  const section = findSection(sections, SECTION_TYPES.dynamicSymbols);
  if (section === undefined) throw new ElfError('damaged: it has no dynamic symbols');
  // The first symbol is a blank by definition.
  return Array.from({ length: Math.max(0, Math.floor(section.size / 24) - 1) }, (_, index) => {
    const at = section.offset + (index + 1) * 24;
    const name = view.text(section.names + view.u32(at));
    return { name, isLocal: view.slice(at + 4, 1)[0] >> 4 === 0, isDefined: view.u16(at + 6) !== 0 };
  });
}

function readVersionNeeds(view, sections) {
  const section = findSection(sections, SECTION_TYPES.versionNeeds);
  if (section === undefined) return [];
  const versions = [];
  for (let at = section.offset, next = 1; next !== 0; at += next) {
    const library = view.text(section.names + view.u32(at + 4));
    const count = view.u16(at + 2);
    for (let entry = at + view.u32(at + 8), left = count; left > 0; left -= 1) {
      versions.push({ library, version: view.text(section.names + view.u32(entry + 8)) });
      entry += view.u32(entry + 12);
    }
    next = view.u32(at + 12);
  }
  return versions;
}

function hasExecutableStack(view, { segments }) {
  for (let index = 0; index < segments.count; index += 1) {
    const at = segments.offset + index * segments.size;
    if (view.u32(at) === GNU_STACK) return (view.u32(at + 4) & 1) !== 0;
  }
  return true;
}
