// SPDX-License-Identifier: Apache-2.0
// What a binary must be before it is shipped, read from the file itself and not from how it was built.
import { createRequire } from 'node:module';
import { ElfError, readElf } from './elf.mjs';
import { GLIBC, MAX_BYTES, NODE_API } from './targets.mjs';

/** What every system with glibc has; no C++ runtime among it. */
const ALLOWED_LIBRARIES =
  /^(libc\.so\.6|libm\.so\.6|libdl\.so\.2|libpthread\.so\.0|ld-linux-[a-z0-9_-]+\.so\.\d)$/;
const ENTRY_POINTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

/** Words that a path of the machine that built it begins with; found anywhere they say where it was built. */
const BUILD_PATH = /\/(home|root|Users|tmp|work|builds?|github|runner|workspace)\/[\w./+-]{2,}/;

/**
 * @param {Buffer} bytes
 * @param {{ arch: string, folders?: string[] }} expected `folders`: of the build; none may be named in the binary
 * @returns {{ problems: string[], facts: { glibcNeeded: string, needed: string[] } | null }}
 */
export function verifyBinary(bytes, { arch, folders = [] }) {
  let elf;
  try {
    elf = readElf(bytes);
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    return { problems: [error.message], facts: null };
  }
  const glibcNeeded = highestGlibc(elf.versions);
  const problems = [
    ...platformProblems(elf, arch, glibcNeeded),
    ...symbolProblems(elf),
    ...hygieneProblems(elf, bytes, folders),
  ];
  return { problems, facts: { glibcNeeded, needed: elf.needed } };
}

function platformProblems(elf, arch, glibcNeeded) {
  const foreign = elf.needed.filter((name) => !ALLOWED_LIBRARIES.test(name));
  const versions = elf.versions.filter(({ version }) => !version.startsWith('GLIBC_'));
  return [
    elf.machine !== arch && `made for ${elf.machine}, expected ${arch}`,
    compareVersions(glibcNeeded, GLIBC) > 0 && `needs glibc ${glibcNeeded}, at most ${GLIBC} is promised`,
    foreign.length > 0 && `needs ${foreign.join(', ')}, which not every system has`,
    versions.length > 0 &&
      `needs ${versions.map(({ library, version }) => `${version} of ${library}`).join(', ')}`,
    elf.searchPaths.length > 0 && `has search paths of its own: ${elf.searchPaths.join(':')}`,
  ].filter(Boolean);
}

function symbolProblems(elf) {
  const missing = ENTRY_POINTS.filter((name) => !elf.exported.includes(name));
  const surplus = elf.exported.filter((name) => !ENTRY_POINTS.includes(name));
  const known = nodeApiSymbols();
  // Lazy binding finds such a hole when the function is first called, and the process ends.
  const undefinedCpp = elf.imported.filter((name) => /^_Z/.test(name));
  const tooNew = elf.imported.filter((name) => /^(napi|node_api)_/.test(name) && !known.has(name));
  return [
    missing.length > 0 && `does not export ${missing.join(', ')}`,
    surplus.length > 0 && `exports ${shorten(surplus)} besides Node's entry points`,
    undefinedCpp.length > 0 && `lacks C++ functions that nothing it needs has: ${shorten(undefinedCpp)}`,
    tooNew.length > 0 && `uses ${shorten(tooNew)}, not part of Node-API ${NODE_API}`,
  ].filter(Boolean);
}

function hygieneProblems(elf, bytes, folders) {
  const text = bytes.toString('latin1');
  const path = folders.find((folder) => text.includes(folder)) ?? BUILD_PATH.exec(text)?.[0];
  return [
    elf.debugSections.length > 0 && `is not stripped: it has ${elf.debugSections.join(', ')}`,
    path !== undefined && `names a folder of the machine that built it: ${path}`,
    !elf.neverUnloaded && 'may be unloaded (no -z nodelete), while TensorRT keeps pointers into it',
    elf.executableStack && 'wants an executable stack',
    elf.textRelocations && 'has relocations in its code (not position independent)',
    bytes.length > MAX_BYTES && `has ${bytes.length} bytes, at most ${MAX_BYTES} are meant`,
  ].filter(Boolean);
}

/** Every function of Node-API up to the version that is asked for. */
function nodeApiSymbols() {
  const { symbols } = createRequire(import.meta.url)('node-api-headers');
  const { js_native_api_symbols: language, node_api_symbols: node } = symbols[`v${NODE_API}`];
  return new Set([...language, ...node]);
}

function highestGlibc(versions) {
  const numbers = versions.map(({ version }) => /^GLIBC_([\d.]+)$/.exec(version)?.[1]).filter(Boolean);
  return numbers.sort(compareVersions).at(-1) ?? '0';
}

/** Compares "2.9" and "2.28" by their numbers. */
export function compareVersions(a, b) {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function shorten(names) {
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return names.slice(0, 5).join(', ') + more;
}
