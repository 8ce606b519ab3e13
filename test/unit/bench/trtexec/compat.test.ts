// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { BenchOptions } from '../../../../lib/bench/bench-options';
import { decideSettings, type SettingFacts } from '../../../../lib/bench/decide-settings';
import { sessionOptionsFor } from '../../../../lib/bench/trtexec/compat';

const gpu: SettingFacts = { device: 'cuda:0', contexts: 1, hasStageTimes: true, batch: 1 };

describe('sessionOptionsFor', () => {
  it('sets graph and spin as trtexec of that version does', () => {
    expect(sessionOptionsFor({ trtexecCompat: 10 })).toMatchObject({ cudaGraph: 'off', spinWait: false });
    expect(sessionOptionsFor({ trtexecCompat: 11 })).toMatchObject({ cudaGraph: 'auto', spinWait: true });
  });

  it('records the times of the device unless told otherwise, and keeps what was given', () => {
    expect(sessionOptionsFor({}, { contexts: 2 })).toEqual({ contexts: 2, stageTimes: true });
    expect(sessionOptionsFor({ stageTimes: false })).toEqual({ stageTimes: false });
  });

  it('refuses options that measure something else', () => {
    for (const [version, options] of [
      [10, { cudaGraph: 'auto' }],
      [10, { cudaGraph: 'on' }],
      [10, { spinWait: true }],
      [11, { cudaGraph: 'off' }],
      [11, { spinWait: false }],
    ] as const) {
      expect(() => sessionOptionsFor({ trtexecCompat: version }, options)).toThrow(
        expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE' }),
      );
    }
    expect(sessionOptionsFor({ trtexecCompat: 11 }, { cudaGraph: 'on' }).cudaGraph).toBe('on');
  });
});

describe('settings with trtexecCompat', () => {
  it.each([
    [10, true],
    [11, false],
  ] as const)('are those of trtexec %i', (trtexecCompat, transfers) => {
    expect(decideSettings({ trtexecCompat }, gpu)).toMatchObject({
      trtexecCompat,
      warmUpMs: 200,
      durationMs: 3000,
      iterations: 10,
      percentiles: [90, 95, 99],
      session: { transfers },
    });
  });

  it('leave to the caller how long is measured, as trtexec does', () => {
    const settings = decideSettings({ trtexecCompat: 10, durationMs: 500, percentiles: [50] }, gpu);
    expect(settings).toMatchObject({ warmUpMs: 200, durationMs: 500, percentiles: [50] });
  });

  it.each<[BenchOptions, Partial<SettingFacts>, RegExp]>([
    [{ trtexecCompat: 10, transfers: false }, {}, /"transfers" must be true with trtexecCompat 10/],
    [{ trtexecCompat: 11, transfers: true }, {}, /"transfers" must be false with trtexecCompat 11/],
    [{ trtexecCompat: 11, pipelined: false }, {}, /pipelined/],
    [{ trtexecCompat: 11, load: { ratePerSecond: 5 } }, {}, /closed loops alone/],
    [{ trtexecCompat: 10 }, { session: { cudaGraph: 'auto' } }, /cudaGraph/],
    [{ trtexecCompat: 11 }, { session: { spinWait: false } }, /spinWait/],
    [{ trtexecCompat: 11 }, { device: 'cpu' }, /left out on cpu/],
  ])('refuse %j where it says otherwise (%j)', (options, facts, message) => {
    expect(() => decideSettings(options, { ...gpu, ...facts })).toThrow(
      expect.objectContaining({ code: 'ERR_TRT_ARG_VALUE', message: expect.stringMatching(message) }),
    );
  });
});
