// SPDX-License-Identifier: Apache-2.0
// What can be said of a binary before it is opened.

import { statSync } from 'node:fs';

import { describeFileKind } from '../text/file-kind';
import { readBinaryHeader, type BinaryHeader } from './binary-header';
import { replacementHint, type AddonFile, type LoadFailure } from './load-failure';

/** The process that wants to open it; tests replace parts. */
export interface HostProcess {
  readonly platform: string;
  readonly arch: string;
  readonly versions: Readonly<Record<string, string | undefined>>;
}

/** The Node-API version that the binary is compiled for. */
const NODE_API_VERSION = 8;
const OLDEST_NODE = 20;

/** Why this Node.js cannot open any binary of the package. */
export function explainOldNode({ versions }: HostProcess): LoadFailure | undefined {
  const node = versions.node ?? '';
  const isOldNode = Number.parseInt(node, 10) < OLDEST_NODE;
  const isOldApi = versions.napi !== undefined && Number(versions.napi) < NODE_API_VERSION;
  if (!isOldNode && !isOldApi) return undefined;
  return {
    cause: 'node-too-old',
    message: `tensorrt-node needs Node.js ${OLDEST_NODE} or newer with Node-API ${NODE_API_VERSION}; this is Node.js ${node} with Node-API ${versions.napi ?? 'of an unknown version'}.`,
    hint: `Update Node.js: every version from ${OLDEST_NODE} on loads the same binary.`,
    facts: { node, napi: versions.napi ?? null },
  };
}

/** Why the file cannot be opened by this process, as far as its head tells; `undefined` if nothing speaks against it. */
export function inspectAddon(file: AddonFile, host: HostProcess): LoadFailure | undefined {
  let header: BinaryHeader;
  try {
    const found = statSync(file.path);
    // Opening a pipe waits for whoever writes to it.
    if (!found.isFile()) return explainNoFile(file, found.isDirectory() ? 'a folder' : 'a device or a pipe');
    header = readBinaryHeader(file.path);
  } catch (error) {
    return explainUnreadable(file, error as NodeJS.ErrnoException);
  }
  if (header.bytes === 0) return explainTruncated(file, header);
  const expected = expectedFormat(host.platform);
  if (header.format === 'none') return explainNoBinary(file, header);
  const isHere = header.format === expected && (expected !== 'elf' || header.machine === host.arch);
  if (!isHere && header.machine !== undefined) return explainArchitecture(file, header, host);
  if (!isHere && header.format !== 'elf') return explainArchitecture(file, header, host);
  const isWhole = header.bytes >= (header.neededBytes ?? 0) && header.hasSectionNames !== false;
  return isWhole ? undefined : explainTruncated(file, header);
}

function expectedFormat(platform: string): BinaryHeader['format'] {
  if (platform === 'darwin') return 'mach-o';
  return platform === 'win32' ? 'pe' : 'elf';
}

function explainUnreadable({ path, origin }: AddonFile, error: NodeJS.ErrnoException): LoadFailure {
  const facts = { path, origin };
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
    return {
      cause: 'missing',
      message:
        origin === 'environment'
          ? `TENSORRT_NODE_ADDON names ${path}, and there is no such file.`
          : `The binary ${path} is not there.`,
      hint: replacementHint(origin),
      facts,
    };
  }
  const isRefused = error.code === 'EACCES' || error.code === 'EPERM';
  return {
    cause: isRefused ? 'permission' : 'other',
    message: `The binary ${path} cannot be read: ${error.message}`,
    hint: isRefused
      ? 'Make the file and its folders readable for the user that runs Node (`chmod -R a+rX node_modules/tensorrt-node`).'
      : replacementHint(origin),
    facts,
  };
}

function explainNoFile({ path, origin }: AddonFile, what: string): LoadFailure {
  return {
    cause: 'not-an-addon',
    message: `${path} is ${what}, not a .node file.`,
    hint: replacementHint(origin),
    facts: { path, origin },
  };
}

function explainTruncated({ path, origin }: AddonFile, header: BinaryHeader): LoadFailure {
  const { bytes, neededBytes } = header;
  const isShort = neededBytes === undefined || bytes < neededBytes;
  const found = bytes === 0 ? 'it is empty' : `it has ${bytes} bytes of the ${neededBytes} that it names`;
  return {
    cause: 'truncated',
    message: `The binary ${path} is not whole: ${isShort ? found : 'its last bytes are not those of a library'}.`,
    hint: `A copy or a download did not end, or the disk was full. ${replacementHint(origin)}`,
    facts: { path, origin, bytes, neededBytes: neededBytes ?? null },
  };
}

function explainNoBinary({ path, origin }: AddonFile, header: BinaryHeader): LoadFailure {
  const { kind, label } = describeFileKind(header.head);
  const hints: Record<string, string> = {
    'git-lfs-pointer': 'Run `git lfs pull` where the file came from.',
    html: 'A web page was saved in place of the binary: copy the file again.',
    zeros: `A copy or a download did not end. ${replacementHint(origin)}`,
  };
  return {
    cause: kind === 'zeros' ? 'truncated' : 'not-an-addon',
    message: `${path} is no Node.js addon: it is ${label}.`,
    hint: hints[kind] ?? replacementHint(origin),
    facts: { path, origin, kind },
  };
}

const SYSTEMS = { elf: 'Linux', 'mach-o': 'macOS', pe: 'Windows', none: 'no system' } as const;

function explainArchitecture(
  { path, origin }: AddonFile,
  { format, machine }: BinaryHeader,
  { platform, arch }: HostProcess,
): LoadFailure {
  const madeFor = [SYSTEMS[format], machine].filter((word) => word !== undefined).join(' on ');
  return {
    cause: 'wrong-architecture',
    message: `The binary ${path} is made for ${madeFor}; this is ${platform} on ${arch}.`,
    hint: `Folders with binaries cannot be copied from machine to machine of another kind. ${replacementHint(origin)}`,
    facts: { path, origin, found: machine ?? format, expected: `${platform}-${arch}` },
  };
}
