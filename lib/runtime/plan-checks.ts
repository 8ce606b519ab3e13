// SPDX-License-Identifier: Apache-2.0
// What can be said against a plan before TensorRT sees it. TensorRT's own answers are a null pointer and a log line
// about tags, or, across families, undefined behaviour.

import type { Family, NativeCudaDevice, NativeCudaReport } from '../binding/contract';
import { TensorRTError } from '../errors';
import { hasUsableGpu } from './cuda-status';
import { compareReleases, FAMILY_NAMES, isSameRelease } from './library-version';
import type { Manifest } from './manifest';
import type { PlanHeader } from './plan-header';

/** An installed library, as far as plans care. */
export interface InstalledLibrary {
  family: Family;
  version: string;
  path: string;
  /** It runs version-compatible plans and nothing else. */
  isLean?: boolean;
}

/** What decides which library can run a plan; null where nobody tells. */
export interface PlanIdentity {
  readonly family: Family;
  readonly version: string | null;
}

/** A plan whose family is supported. */
export type KnownPlanHeader = PlanHeader & { readonly family: Family };

/**
 * Refuses plans of products and versions that this package cannot run at all.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_PLAN_VERSION`.
 */
export function requireKnownFamily(
  header: PlanHeader,
  manifest: Manifest | null,
  name: string,
): KnownPlanHeader {
  const { family } = header;
  if (family !== null) return { ...header, family };
  // Plans written in an older form name no version; the manifest may.
  if (header.version === null && manifest !== null) return { ...header, family: manifest.family };
  const version = header.version ?? 'of unknown version';
  throw new TensorRTError(
    'ERR_TRT_LOAD_PLAN_VERSION',
    `${name} was built with ${header.product} ${version}, which this package does not support.`,
    {
      hint: 'Build the engine again with TensorRT 10.6 or newer, 11.x, or TensorRT-RTX 1.5 or newer.',
      details: { source: name, product: header.product, version: header.version },
    },
  );
}

/**
 * Holds plan and manifest against each other.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_MANIFEST_MISMATCH` naming the fact that differs.
 */
export function checkAgainstManifest(
  header: KnownPlanHeader,
  sha256: string,
  manifest: Manifest,
  name: string,
): void {
  const isOtherVersion = header.version !== null && !isSameRelease(header.version, manifest.version);
  const differences: [fact: string, plan: string | number, manifest: string | number][] = [];
  if (header.family !== manifest.family) differences.push(['family', header.family, manifest.family]);
  else if (isOtherVersion) differences.push(['version', header.version, manifest.version]);
  if (header.actualBytes !== manifest.plan.bytes)
    differences.push(['bytes', header.actualBytes, manifest.plan.bytes]);
  if (sha256 !== manifest.plan.sha256) differences.push(['sha256', sha256, manifest.plan.sha256]);
  const [first] = differences;
  if (!first) return;
  throw new TensorRTError(
    'ERR_TRT_LOAD_MANIFEST_MISMATCH',
    `The manifest describes another plan than ${name}: ${first[0]} is ${first[1]}, the manifest says ${first[2]}.`,
    {
      details: {
        source: name,
        differences: differences.map(([fact, plan, said]) => ({ fact, plan, manifest: said })),
      },
    },
  );
}

/**
 * Holds a plan against the libraries of this machine. Without any library nothing is said: the engine can still be
 * inspected, saved and sent elsewhere.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_PLAN_FAMILY` or `ERR_TRT_LOAD_PLAN_VERSION`.
 */
export function checkAgainstLibraries(
  header: PlanIdentity,
  manifest: Manifest | null,
  installed: readonly InstalledLibrary[],
  name: string,
): void {
  if (installed.length === 0) return;
  const describe = ({ family, version, path, isLean }: InstalledLibrary): string =>
    `${FAMILY_NAMES[family]} ${version}${isLean ? ', the lean runtime' : ''} (${path})`;
  const details = { source: name, family: header.family, version: header.version, installed };
  const matching = installed.filter(({ family }) => family === header.family);
  if (matching.length === 0) {
    throw new TensorRTError(
      'ERR_TRT_LOAD_PLAN_FAMILY',
      `${name} was built with ${FAMILY_NAMES[header.family]}${header.version ? ` ${header.version}` : ''}; installed is ${installed.map(describe).join(', ')}.`,
      { details },
    );
  }
  if (matching.some((library) => canLoad(library, header, manifest))) return;
  const planVersion = header.version ?? manifest?.version ?? 'of unknown version';
  throw new TensorRTError(
    'ERR_TRT_LOAD_PLAN_VERSION',
    `${name} was built with ${FAMILY_NAMES[header.family]} ${planVersion}; installed is ${matching.map(describe).join(', ')}.`,
    { details },
  );
}

/** A plan needs the release that built it; a version-compatible one takes newer ones and the lean runtime too. */
export function canLoad(library: InstalledLibrary, plan: PlanIdentity, manifest: Manifest | null): boolean {
  const isCompatible = manifest?.options.versionCompatible === true;
  if (library.family !== plan.family || (library.isLean === true && !isCompatible)) return false;
  const version = plan.version ?? manifest?.version;
  if (version === undefined) return true;
  return isCompatible
    ? compareReleases(library.version, version) >= 0
    : isSameRelease(library.version, version);
}

/**
 * Holds a plan against the GPUs of this machine. Without a GPU, or a manifest, nothing is said.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_PLAN_DEVICE` if no GPU can run it.
 */
export function checkAgainstDevices(manifest: Manifest | null, cuda: NativeCudaReport, name: string): void {
  if (manifest === null || !hasUsableGpu(cuda)) return;
  if (cuda.devices.some((device) => canRun(device, manifest))) return;
  const here = cuda.devices.map(describeDevice).join(', ');
  throw new TensorRTError(
    'ERR_TRT_LOAD_PLAN_DEVICE',
    `The engine ${name} needs ${describeNeed(manifest)}; this machine has ${here}.`,
    { details: deviceDetails(manifest, cuda, name) },
  );
}

/**
 * Holds a plan against the GPU that shall run it. Without a manifest nothing is said.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_PLAN_DEVICE`, which names another GPU of this machine that can run it.
 */
export function checkAgainstDevice(
  manifest: Manifest | null,
  device: NativeCudaDevice,
  cuda: NativeCudaReport,
  name: string,
): void {
  if (manifest === null || canRun(device, manifest)) return;
  const other = cuda.devices.find((candidate) => canRun(candidate, manifest));
  throw new TensorRTError(
    'ERR_TRT_LOAD_PLAN_DEVICE',
    `The engine ${name} needs ${describeNeed(manifest)}; cuda:${device.ordinal} is ${describeDevice(device)}.`,
    {
      hint: other && `cuda:${other.ordinal}, ${describeDevice(other)}, can run it.`,
      details: { ...deviceDetails(manifest, cuda, name), device: device.ordinal, suggested: other?.ordinal },
    },
  );
}

function describeNeed({ computeCapabilities, gpu, options }: Manifest): string {
  const wanted = computeCapabilities.map(formatCapability).join(', ');
  const orNewer = options.hardwareCompatibility === 'ampere+' ? ' (or any from 8.0)' : '';
  return `compute capability ${wanted}${orNewer}${gpu ? `, as it was built on ${gpu.name}` : ''}`;
}

function describeDevice({ name, computeCapability }: NativeCudaDevice): string {
  return `${name} (${formatCapability(computeCapability)})`;
}

function deviceDetails(manifest: Manifest, cuda: NativeCudaReport, name: string): Record<string, unknown> {
  return {
    source: name,
    needed: manifest.computeCapabilities,
    builtOn: manifest.gpu,
    devices: cuda.devices,
  };
}

/** True if a plan was built for the GPU. An empty list is TensorRT-RTX's, whose plans run on any. */
export function canRun(
  { computeCapability: capability }: NativeCudaDevice,
  { computeCapabilities, options }: Manifest,
): boolean {
  if (computeCapabilities.length === 0 || computeCapabilities.includes(capability)) return true;
  return options.hardwareCompatibility === 'ampere+' && capability >= 80;
}

function formatCapability(capability: number): string {
  return `${Math.trunc(capability / 10)}.${capability % 10}`;
}
