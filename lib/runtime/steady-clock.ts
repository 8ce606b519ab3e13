// SPDX-License-Identifier: Apache-2.0
// From the clock of native code to the one that JavaScript measures with.

import { performance } from 'node:perf_hooks';

// Both are the system's monotonic clock and differ by a constant, of each thread its own.
let offsetMs: number | undefined;

/** Milliseconds of the monotonic clock, which native code tells times by, at which performance.now() was 0. */
export function steadyOffsetMs(): number {
  return (offsetMs ??= measureOffset());
}

function measureOffset(): number {
  let best = { width: Infinity, offset: 0 };
  for (let attempt = 0; attempt < 8; attempt++) {
    const before = process.hrtime.bigint();
    const now = performance.now();
    const width = Number(process.hrtime.bigint() - before);
    if (width < best.width) best = { width, offset: (Number(before) + width / 2) / 1e6 - now };
  }
  return best.offset;
}
