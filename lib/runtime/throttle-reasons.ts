// SPDX-License-Identifier: Apache-2.0

/** Bits of NVML's clock event reasons ("throttle reasons" in its older versions), the lowest first. */
const NAMES = [
  'idle',
  'applications_clocks',
  'sw_power_cap',
  'hw_slowdown',
  'sync_boost',
  'sw_thermal',
  'hw_thermal',
  'hw_power_brake',
  'display_clock',
] as const;

/**
 * Names of the reasons why a GPU's clocks are below their maximum.
 *
 * `idle`: nothing runs; `applications_clocks`: clocks were set by hand; `sw_power_cap`: the power limit;
 * `hw_slowdown`: the hardware halves the clocks (with `hw_thermal` or `hw_power_brake` as its reason); `sync_boost`:
 * another GPU of a group sets the pace; `sw_thermal`: too warm; `display_clock`: a display sets the clocks. A bit that is
 * not known is named by its value, `0x200`.
 *
 * @param mask - One of `GpuReadings.samples.throttleReasons`.
 * @returns The names of the bits that are set, the lowest first; empty for 0 and for NaN (not read).
 */
export function throttleReasonNames(mask: number): string[] {
  const names: string[] = [];
  // Masks have 64 bits in NVML: no operator of 32 bits.
  for (let bit = 0, rest = mask; rest >= 1; bit++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) names.push(NAMES[bit] ?? `0x${(2 ** bit).toString(16)}`);
  }
  return names;
}
