// SPDX-License-Identifier: Apache-2.0
import { packageVersion } from '../package-root';

/**
 * Adds to `env.versions`: as `node` the version of onnxruntime-node whose interface this is, that of
 * onnxruntime-common, unless onnxruntime-node itself is there; as `tensorrt-node` that of this package.
 */
export function announceVersions(versions: { readonly common: string }): void {
  announce(versions, 'node', versions.common);
  announce(versions, 'tensorrt-node', packageVersion());
}

function announce(versions: object, name: string, value: string): void {
  if (Object.hasOwn(versions, name)) return;
  // Configurable: onnxruntime-node may be loaded later and define its own.
  Object.defineProperty(versions, name, { value, enumerable: true, configurable: true });
}
