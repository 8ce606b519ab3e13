// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { throttleReasonNames } from '../../../lib/runtime/throttle-reasons';

describe('throttleReasonNames()', () => {
  it('has a name for each bit of NVML', () => {
    expect(throttleReasonNames(0x1ff)).toEqual([
      'idle',
      'applications_clocks',
      'sw_power_cap',
      'hw_slowdown',
      'sync_boost',
      'sw_thermal',
      'hw_thermal',
      'hw_power_brake',
      'display_clock',
    ]);
  });

  it.each<[number, string[]]>([
    [0, []],
    [0x4, ['sw_power_cap']],
    [0x48, ['hw_slowdown', 'hw_thermal']],
    [NaN, []],
  ])('reads %d as %j', (mask, names) => expect(throttleReasonNames(mask)).toEqual(names));

  it('tells an unknown bit by its value, above 32 bits too', () => {
    expect(throttleReasonNames(0x200 + 1)).toEqual(['idle', '0x200']);
    expect(throttleReasonNames(2 ** 40)).toEqual(['0x10000000000']);
  });
});
