// SPDX-License-Identifier: Apache-2.0
import type { Backend, registerBackend } from 'onnxruntime-common';

import { createBackend, type BackendHost } from './backend';
import { ownName, PROVIDER_NAMES, type ProviderName } from './provider-names';

/** A copy of onnxruntime-common, as far as registration needs it. */
export interface Registry extends BackendHost {
  readonly registerBackend: typeof registerBackend;
}

/**
 * Not 100, which onnxruntime-node has: two backends of one name and one priority are an error of whoever comes second.
 * Higher or lower is the same, since the registry keeps the backend that comes first.
 */
export const PRIORITY = 200;

/** Backends that are never chosen by default. */
const BY_NAME_ALONE = -1;

/** By `env`: each copy of onnxruntime-common has its own, and one registry. */
const backends = new WeakMap<object, Backend>();

/** The backend of a copy of onnxruntime-common, the same one at each call. */
export function backendFor(registry: Registry): Backend {
  const known = backends.get(registry.env);
  if (known) return known;
  const backend = createBackend(registry);
  backends.set(registry.env, backend);
  return backend;
}

/**
 * Registers the backend. Where another package has a name already, that one keeps it. Doing it again changes nothing.
 *
 * @param names - Plain names to register besides the package's own, which are always registered.
 */
export function registerBackends(registry: Registry, names: readonly ProviderName[] = PROVIDER_NAMES): void {
  const backend = backendFor(registry);
  for (const name of names) registry.registerBackend(name, backend, PRIORITY);
  for (const name of PROVIDER_NAMES) registry.registerBackend(ownName(name), backend, BY_NAME_ALONE);
}
