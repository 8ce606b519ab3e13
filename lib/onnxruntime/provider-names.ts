// SPDX-License-Identifier: Apache-2.0
// Names of execution providers, as callers write them and as the registry of onnxruntime-common has them.

/** Providers that this package serves, by the names that ONNX Runtime gives them. */
export const PROVIDER_NAMES = ['tensorrt', 'cuda', 'cpu'] as const;

/** Name of a provider that this package serves. */
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/**
 * On the registry each provider has a second name: the plain one may belong to another package that was loaded
 * earlier, and the registry never replaces a backend.
 */
const OWN_PREFIX = 'tensorrt-node:';

/** True for a name that this package serves. */
export function isProviderName(name: unknown): name is ProviderName {
  return (PROVIDER_NAMES as readonly unknown[]).includes(name);
}

/** The name on the registry that nobody else has. */
export function ownName(name: ProviderName): string {
  return OWN_PREFIX + name;
}

/** The name as callers write it. */
export function plainName(name: string): string {
  return name.startsWith(OWN_PREFIX) ? name.slice(OWN_PREFIX.length) : name;
}
