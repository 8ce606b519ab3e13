// SPDX-License-Identifier: Apache-2.0
// The addon for modules that every import of the package loads, without what opens it: nine modules of that import.

import type { NativeAddon } from './contract';
import { openedAddon } from './opened-addon';

/** The addon: at once where it is open, else when it was opened. @throws and rejects as `loadAddon()` throws */
export function openAddon(): NativeAddon | Promise<NativeAddon> {
  return openedAddon()?.addon ?? import('./load.js').then(({ loadAddon }) => loadAddon());
}
