// SPDX-License-Identifier: Apache-2.0
// What can be said against a plan before TensorRT sees it. TensorRT's own answers are a null pointer and a log line
// about tags, or, across families, undefined behaviour.

import type { Family, NativeCudaReport } from '../binding/contract';
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
  header: KnownPlanHeader,
  manifest: Manifest | null,
  installed: readonly InstalledLibrary[],
  name: string,
): void {
  if (installed.length === 0) return;
  const describe = ({ family, version, path }: InstalledLibrary): string =>
    `${FAMILY_NAMES[family]} ${version} (${path})`;
  const details = { source: name, family: header.family, version: header.version, installed };
  const matching = installed.filter(({ family }) => family === header.family);
  if (matching.length === 0) {
    throw new TensorRTError(
      'ERR_TRT_LOAD_PLAN_FAMILY',
      `${name} was built with ${FAMILY_NAMES[header.family]}${header.version ? ` ${header.version}` : ''}; installed is ${installed.map(describe).join(', ')}.`,
      { details },
    );
  }
  const planVersion = header.version ?? manifest?.version;
  if (planVersion === undefined || matching.some(({ version }) => canLoad(version, planVersion, manifest)))
    return;
  throw new TensorRTError(
    'ERR_TRT_LOAD_PLAN_VERSION',
    `${name} was built with ${FAMILY_NAMES[header.family]} ${planVersion}; installed is ${matching.map(describe).join(', ')}.`,
    { details },
  );
}

/** A plan needs the release that built it; a version-compatible one takes newer ones too. */
function canLoad(library: string, plan: string, manifest: Manifest | null): boolean {
  if (manifest?.options.versionCompatible === true) return compareReleases(library, plan) >= 0;
  return isSameRelease(library, plan);
}

/**
 * Holds a plan against the GPUs of this machine. Without a GPU, or a manifest, nothing is said.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_PLAN_DEVICE` if no GPU can run it.
 */
export function checkAgainstDevices(manifest: Manifest | null, cuda: NativeCudaReport, name: string): void {
  if (manifest === null || manifest.computeCapabilities.length === 0 || !hasUsableGpu(cuda)) return;
  if (cuda.devices.some(({ computeCapability }) => canRun(computeCapability, manifest))) return;
  const wanted = manifest.computeCapabilities.map(formatCapability).join(', ');
  const here = cuda.devices
    .map((device) => `${device.name} (${formatCapability(device.computeCapability)})`)
    .join(', ');
  const builtOn = manifest.gpu ? `, as it was built on ${manifest.gpu.name}` : '';
  throw new TensorRTError(
    'ERR_TRT_LOAD_PLAN_DEVICE',
    `The engine ${name} needs compute capability ${wanted}${builtOn}; this machine has ${here}.`,
    {
      details: {
        source: name,
        needed: manifest.computeCapabilities,
        builtOn: manifest.gpu,
        devices: cuda.devices,
      },
    },
  );
}

function canRun(capability: number, { computeCapabilities, options }: Manifest): boolean {
  if (computeCapabilities.includes(capability)) return true;
  return options.hardwareCompatibility === 'ampere+' && capability >= 80;
}

function formatCapability(capability: number): string {
  return `${Math.trunc(capability / 10)}.${capability % 10}`;
}
