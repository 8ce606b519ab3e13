// SPDX-License-Identifier: Apache-2.0
import type { NativeAddon } from './contract';
import type { AddonFile } from './load-failure';

/** The addon that this process has open, and its file. */
export interface OpenedAddon {
  readonly addon: NativeAddon;
  readonly file: AddonFile;
}

let opened: OpenedAddon | undefined;

/** Keeps what load.ts opened. */
export function keepOpened(what: OpenedAddon): void {
  opened = what;
}

/** The addon, if this process has opened it. */
export function openedAddon(): OpenedAddon | undefined {
  return opened;
}
