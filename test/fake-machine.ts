// SPDX-License-Identifier: Apache-2.0
// A machine with the libraries and the driver that a test wants: files that are empty, and an addon that answers for
// them.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { onTestFinished } from 'vitest';

import type { Family, NativeCudaReport, NativeLibraryReport } from '../lib/binding/contract';
import { parserName } from '../lib/runtime/locate-tensorrt';
import type { SelectionContext } from '../lib/runtime/select-library';

/** Library file name -> its version, or why it does not open. */
export type FakeLibraries = Readonly<Record<string, number | string>>;

export function noDriver(): NativeCudaReport {
  const message = 'libcuda.so.1: cannot open shared object file';
  return { status: 'not-found', path: '', driverVersion: 0, code: 0, message, devices: [] };
}

export function oneGpu(computeCapability = 89): NativeCudaReport {
  return gpus(computeCapability);
}

/** A machine with one GPU for each compute capability. */
export function gpus(...computeCapabilities: number[]): NativeCudaReport {
  const devices = computeCapabilities.map((computeCapability, ordinal) => ({
    ordinal,
    name: 'Fake GPU',
    uuid: `GPU-${ordinal}`,
    computeCapability,
    totalMemoryBytes: 2 ** 34,
    isMig: false,
    isIntegrated: false,
    pciBusId: `0000:0${ordinal}:00.0`,
  }));
  return { status: 'ok', path: '/fake/libcuda.so.1', driverVersion: 13000, code: 0, message: '', devices };
}

export function brokenDriver(status: NativeCudaReport['status']): NativeCudaReport {
  return { ...noDriver(), status, message: `the driver says ${status}` };
}

/** The family of a library version, as the addon has it. */
export function familyOf(version: number): Family | undefined {
  if (version >= 10500 && version < 20000) return 'tensorrt-rtx';
  if (version >= 100600 && version < 110000) return 'tensorrt-10';
  return version >= 110000 && version < 120000 ? 'tensorrt-11' : undefined;
}

/** Makes the libraries in a folder of their own, with their parsers unless `options` says otherwise. */
export function machine(
  libraries: FakeLibraries,
  cuda: NativeCudaReport = noDriver(),
  options: { hasParsers?: boolean } = {},
): SelectionContext & { folder: string; opened: string[] } {
  const root = mkdtempSync(join(tmpdir(), 'trtn-machine-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'lib');
  mkdirSync(folder);
  for (const [name, version] of Object.entries(libraries)) {
    writeFileSync(join(folder, name), name);
    const family = typeof version === 'number' ? familyOf(version) : undefined;
    if (family && options.hasParsers !== false) writeFileSync(join(folder, parserName(family)), '');
  }
  const opened: string[] = [];
  const addon: SelectionContext['addon'] = {
    probeCuda: () => Promise.resolve(cuda),
    probeTensorRt: (path) => {
      opened.push(path);
      return Promise.resolve(reportOn(path, libraries));
    },
  };
  const env = { TENSORRT_NODE_LIB_DIR: folder };
  return { addon, folder, opened, places: { env, home: root, root, systemRoot: root, arch: 'x64' } };
}

function reportOn(path: string, libraries: FakeLibraries): NativeLibraryReport {
  const known = path.includes('/') ? libraries[basename(path)] : undefined;
  if (known === undefined) return { path, reason: `${path}: no such file`, missing: true };
  if (typeof known === 'string') return { path, reason: known, missing: false };
  const family = familyOf(known);
  return family
    ? { path, version: known, family, missing: false }
    : { path, version: known, reason: `version ${known} is not supported`, missing: false };
}
