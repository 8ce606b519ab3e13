// SPDX-License-Identifier: Apache-2.0
import type { NativeAddon } from './contract';

let opened: NativeAddon | undefined;

/** Keeps the addon that load.ts opened. */
export function keepOpened(addon: NativeAddon): void {
  opened = addon;
}

/** The addon, if this process has opened it. */
export function openedAddon(): NativeAddon | undefined {
  return opened;
}
