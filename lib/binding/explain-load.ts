// SPDX-License-Identifier: Apache-2.0
// What the system's loader or Node.js says when it refuses a binary, by cause. They have no codes, only messages: those
// of glibc, of musl, and of Node.js.

import type * as Crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { explainMusl } from './explain-search';
import { requireFromHere } from './require-from-here';
import { replacementHint, type AddonFile, type LoadFailure } from './load-failure';

type Explain = (found: RegExpExecArray, file: AddonFile) => LoadFailure;

const RULES: readonly (readonly [RegExp, Explain])[] = [
  [/version [`']GLIBC_([\d.]+)' not found/, explainOldGlibc],
  [/version [`']((?:GLIBCXX|CXXABI)_[\d.]+)' not found/, explainOldLibrary],
  [/^Error loading shared library (?:ld-linux|libc\.so\.6)/, () => explainMusl(hostName())],
  [/undefined symbol: ((?:napi|node_api)_\w+)/, explainOldApi],
  [/(?:^|: )(\S+\.so[.\d]*): cannot open shared object file: No such file/, explainMissingLibrary],
  [/^Error loading shared library ([^:]+): No such file/, explainMissingLibrary],
  [/cannot open shared object file: No such file/, explainArchive],
  [/undefined symbol: (\S+)/, explainMissingSymbol],
  [/failed to map segment|Permission denied|Operation not permitted/, explainRefused],
  [/invalid ELF header|file too short|ELF load command|object file has no/, explainDamaged],
  [
    /did not self-register|NODE_MODULE_VERSION|different Node\.js version|Module version/,
    explainForeignAddon,
  ],
];

/** Explains what opening a binary failed with. */
export function explainLoad(file: AddonFile, text: string): LoadFailure {
  for (const [pattern, explain] of RULES) {
    const found = pattern.exec(text);
    if (found) return withDigest(explain(found, file), file);
  }
  const other: LoadFailure = {
    cause: 'other',
    message: `The binary ${file.path} does not load: ${text}`,
    hint: `Run \`npx tensorrt-node doctor\` to see which binaries were tried. ${replacementHint(file.origin)}`,
    facts: { path: file.path, origin: file.origin },
  };
  return withDigest(other, file);
}

/** A file that is not the one that was packed explains most of the other causes. */
function withDigest(failure: LoadFailure, file: AddonFile): LoadFailure {
  if (!['other', 'not-an-addon', 'missing-library', 'crashed'].includes(failure.cause)) return failure;
  const digests = comparePacked(file);
  if (digests === undefined || digests.expected === digests.found) return failure;
  return {
    cause: 'truncated',
    message: `The binary ${file.path} is not the one that was packed: its SHA-256 is ${digests.found.slice(0, 16)}…, not ${digests.expected.slice(0, 16)}…. ${failure.message}`,
    hint: `A copy or a download damaged it. ${replacementHint(file.origin)}`,
    facts: { path: file.path, origin: file.origin, sha256: digests },
  };
}

/**
 * Digest of a prebuilt binary beside that of prebuilds/manifest.json. Asked after a failure alone: a binary that was
 * changed on purpose, as packagers of NixOS do with its library paths, is not to be refused.
 */
function comparePacked({ path, origin }: AddonFile): { expected: string; found: string } | undefined {
  if (origin !== 'prebuilt') return undefined;
  try {
    const folder = dirname(path);
    const text = readFileSync(join(dirname(folder), 'manifest.json'), 'utf8');
    const { files } = JSON.parse(text) as { files?: Record<string, { sha256?: unknown } | undefined> };
    const expected = files?.[`${basename(folder)}/${basename(path)}`]?.sha256;
    if (typeof expected !== 'string') return undefined;
    // Needed here alone: the package is imported without it.
    const { createHash } = requireFromHere()('node:crypto') as typeof Crypto;
    return { expected, found: createHash('sha256').update(readFileSync(path)).digest('hex') };
  } catch {
    return undefined;
  }
}

function explainOldGlibc([, needed]: RegExpExecArray, { path, origin }: AddonFile): LoadFailure {
  const here = glibcVersion();
  return {
    cause: 'glibc-too-old',
    message: `The binary ${path} needs glibc ${needed} or newer; this system has ${here === null ? 'an older one' : `glibc ${here}`}.`,
    hint:
      origin === 'prebuilt'
        ? 'Use a newer system (the prebuilt binaries need what Debian 10, Ubuntu 20.04 and RHEL 8 have), or build from a checkout here with `npm run build`.'
        : `It was built on a newer system. ${replacementHint(origin)}`,
    facts: { path, origin, needed, found: here },
  };
}

function explainOldLibrary([, needed]: RegExpExecArray, { path, origin }: AddonFile): LoadFailure {
  return {
    cause: 'missing-library',
    message: `The binary ${path} needs ${needed}, which this system's libstdc++.so.6 is too old to have.`,
    hint: `It was built with a newer compiler; the prebuilt binaries need no libstdc++. ${replacementHint(origin)}`,
    facts: { path, origin, needed },
  };
}

function explainMissingLibrary([text, library]: RegExpExecArray, { path, origin }: AddonFile): LoadFailure {
  return {
    cause: 'missing-library',
    message: `The binary ${path} needs the library ${library}, which is not on this system.`,
    hint: `Install the library, or put its folder into LD_LIBRARY_PATH. ${replacementHint(origin)}`,
    facts: { path, origin, needed: library, reason: text },
  };
}

/** JavaScript has read the file, and the system does not see it: something makes an archive look like a folder. */
function explainArchive(_found: RegExpExecArray, { path, origin }: AddonFile): LoadFailure {
  return {
    cause: 'bundled',
    message: `The binary ${path} lies in an archive, where the system cannot open it.`,
    hint: "Have the package unpacked: `asarUnpack: ['**/node_modules/tensorrt-node/**']` for electron-builder, `yarn unplug tensorrt-node` for Yarn. Or copy the binary to a folder and name it in TENSORRT_NODE_ADDON.",
    facts: { path, origin },
  };
}

function explainMissingSymbol([, symbol]: RegExpExecArray, { path, origin }: AddonFile): LoadFailure {
  return {
    cause: 'missing-library',
    message: `The binary ${path} needs ${symbol}, which no library of this system has.`,
    hint: `It was built for another system. ${replacementHint(origin)}`,
    facts: { path, origin, needed: symbol },
  };
}

function explainOldApi([, symbol]: RegExpExecArray, { path, origin }: AddonFile): LoadFailure {
  return {
    cause: 'node-too-old',
    message: `The binary ${path} needs ${symbol}, which Node.js ${process.versions.node} does not have.`,
    hint: 'Update Node.js: 20 and every newer version has it.',
    facts: { path, origin, needed: symbol, node: process.versions.node },
  };
}

function explainRefused([reason]: RegExpExecArray, { path, origin }: AddonFile): LoadFailure {
  return {
    cause: 'permission',
    message: `The system does not let this process execute ${path}: ${reason.toLowerCase()}.`,
    hint: 'The file system may be mounted with noexec, or a security module (SELinux, AppArmor) refuses it: install the package elsewhere, or copy the binary to where programs may run and name it in TENSORRT_NODE_ADDON.',
    facts: { path, origin },
  };
}

function explainDamaged([reason]: RegExpExecArray, { path, origin }: AddonFile): LoadFailure {
  return {
    cause: 'truncated',
    message: `The binary ${path} is damaged: ${reason}.`,
    hint: `A copy or a download did not end, or the disk was full. ${replacementHint(origin)}`,
    facts: { path, origin },
  };
}

function explainForeignAddon(_found: RegExpExecArray, file: AddonFile): LoadFailure {
  return notOurs(file, 'it is a library, but no Node-API addon');
}

/** A library, perhaps even an addon, that is not of this package. */
export function notOurs({ path, origin }: AddonFile, what: string): LoadFailure {
  return {
    cause: 'not-an-addon',
    message: `${path} is not the addon of tensorrt-node: ${what}.`,
    hint: replacementHint(origin),
    facts: { path, origin },
  };
}

/** An addon of the package, but not of this version. */
export function explainVersion(
  { path, origin }: AddonFile,
  versions: { found: string; expected: string },
): LoadFailure {
  return {
    cause: 'version',
    message: `The binary ${path} is of tensorrt-node ${versions.found}; the package is ${versions.expected}.`,
    hint: `An update left the old file behind. ${replacementHint(origin)}`,
    facts: { path, origin, ...versions },
  };
}

/** A binary that brought a child process down. */
export function explainCrash(file: AddonFile, end: string): LoadFailure {
  const { path, origin } = file;
  const failure: LoadFailure = {
    cause: 'crashed',
    message: `Opening the binary ${path} ended a child process by ${end}; it was not opened in this one.`,
    hint: `The file is damaged, or does not fit this system or processor. ${replacementHint(origin)} If that does not help, report it with the output of \`npx tensorrt-node doctor --json\`.`,
    facts: { path, origin, end },
  };
  return withDigest(failure, file);
}

function hostName(): string {
  return `${process.platform}-${process.arch}`;
}

/** Version of the C library of this process; null if Node does not tell. */
function glibcVersion(): string | null {
  const report = process.report as (NodeJS.ProcessReport & { excludeNetwork?: boolean }) | undefined;
  if (report === undefined) return null;
  const before = report.excludeNetwork;
  try {
    // Otherwise Node asks for the names of all open connections.
    if (before !== undefined) report.excludeNetwork = true;
    const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
    return header?.glibcVersionRuntime ?? null;
  } finally {
    if (before !== undefined) report.excludeNetwork = before;
  }
}
