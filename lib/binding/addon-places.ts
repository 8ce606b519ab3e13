// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';

import { readBinaryHeader } from './binary-header';
import { packageFolder } from '../package-root';

/** Where to look; tests replace parts of it. */
export interface AddonPlaces {
  env: NodeJS.ProcessEnv;
  /** The package's folder; `undefined` if this code was moved out of it. */
  root: string | undefined;
  platform: string;
  arch: string;
  libc: 'glibc' | 'musl' | null;
}

/** Where this process has to look. */
export function currentAddonPlaces(): AddonPlaces {
  return {
    env: process.env,
    root: packageFolder(),
    platform: process.platform,
    arch: process.arch,
    libc: currentLibc(),
  };
}

/** The C library of this process: the one whose loader started Node. Asking process.report takes milliseconds. */
function currentLibc(): AddonPlaces['libc'] {
  if (process.platform !== 'linux') return null;
  try {
    const { interpreter } = readBinaryHeader(process.execPath);
    if (interpreter !== undefined) return /\/ld-musl-[^/]*$/.test(interpreter) ? 'musl' : 'glibc';
  } catch {
    // The program of this process cannot be read: what the system says of itself has to do.
  }
  return existsSync('/etc/alpine-release') ? 'musl' : 'glibc';
}
