// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

import { probe, type ProbeReport } from '../../index';
import { packageRoot } from '../../package-root';

const GPU = /^cuda:(\d+)$/;

/** Names do not change while a process runs, and a probe costs some milliseconds. */
const names = new Map<string, string>();

/** Looks at the machine; tests put their own. */
export type LookAtMachine = () => Promise<Pick<ProbeReport, 'cuda'>>;

// TensorRT is looked for in a folder of ours alone, where there is none: libraries that nobody needs would be opened else.
const lookAtDriver: LookAtMachine = () => probe({ libraryPath: join(packageRoot(), 'dist') });

/** Name of a GPU as the CUDA driver tells it; undefined for other devices, and where it cannot be had. */
export async function nameOfDevice(
  device: string,
  look: LookAtMachine = lookAtDriver,
): Promise<string | undefined> {
  const ordinal = GPU.exec(device)?.[1];
  if (ordinal === undefined) return undefined;
  const known = names.get(device);
  if (known !== undefined) return known;
  try {
    const { cuda } = await look();
    const name = cuda.devices.find((one) => one.ordinal === Number(ordinal))?.name;
    if (name) names.set(device, name);
    return name || undefined;
  } catch {
    // The numbers are as good without it.
    return undefined;
  }
}
