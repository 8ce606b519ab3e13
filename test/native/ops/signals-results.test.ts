// SPDX-License-Identifier: Apache-2.0
// What signal operators give without any reference: shapes, silence, short signals, NaN, and results written in place.
import { describe, expect, it } from 'vitest';
import { frameSignal, logMel, melSpectrogram, powerSpectrum } from '../../../lib/ops/signals/index';

const ramp = (count: number) => Float32Array.from({ length: count }, (_, index) => index + 1);

describe('frameSignal', () => {
  it('cuts frames of one signal and of several', async () => {
    const frames = await frameSignal({ data: ramp(7), dims: [7] }, { frameLength: 3, hopLength: 2 });
    expect(frames.dims).toEqual([3, 3]);
    expect([...frames.data]).toEqual([1, 2, 3, 3, 4, 5, 5, 6, 7]);
    const batch = await frameSignal({ data: ramp(6), dims: [2, 3] }, { frameLength: 2, hopLength: 2 });
    expect(batch.dims).toEqual([2, 1, 2]);
    expect([...batch.data]).toEqual([1, 2, 4, 5]);
    const none = await frameSignal(
      { data: new Float32Array(0), dims: [0, 3] },
      { frameLength: 2, hopLength: 2 },
    );
    expect(none.dims).toEqual([0, 1, 2]);
  });

  it('multiplies by a window of numbers', async () => {
    const options = { frameLength: 3, hopLength: 3, window: [0, 2, -1] };
    expect([...(await frameSignal({ data: ramp(3), dims: [3] }, options)).data]).toEqual([0, 4, -3]);
    const typed = { ...options, window: new Float64Array([0, 2, -1]) };
    expect([...(await frameSignal({ data: ramp(3), dims: [3] }, typed)).data]).toEqual([0, 4, -3]);
  });

  it('mirrors a signal of one sample, and puts zeros behind a short one where it is told to', async () => {
    const one = { data: Float32Array.of(5), dims: [1] };
    const options = { frameLength: 4, hopLength: 4 };
    expect([...(await frameSignal(one, { ...options, center: true })).data]).toEqual([5, 5, 5, 5]);
    expect([...(await frameSignal(one, { ...options, signalLength: 4 })).data]).toEqual([5, 0, 0, 0]);
  });

  it('writes into the array that it is given', async () => {
    const out = new Float32Array(4);
    const frames = await frameSignal(
      { data: Int16Array.of(16384, -32768, 0, 8192), dims: [4] },
      { frameLength: 2, hopLength: 2, out },
    );
    expect(frames.data).toBe(out);
    expect([...out]).toEqual([0.5, -1, 0, 0.25]);
  });
});

describe('spectra', () => {
  it('are the same on one thread and on several', async () => {
    const signal = { data: ramp(20_000).map(Math.sin), dims: [2, 10_000] };
    const options = { preset: 'whisper', signalLength: null } as const;
    const [one, several] = await Promise.all([
      logMel(signal, { ...options, threads: 1 }),
      logMel(signal, { ...options, threads: 3 }),
    ]);
    expect(one.dims).toEqual([2, 80, 62]);
    expect(several.data).toEqual(one.data);
  });

  it('give the floor for silence', async () => {
    const silence = { data: new Float32Array(3200), dims: [3200] };
    const db = await logMel(silence, { preset: 'librosa', frameLength: 512, mels: 20 });
    expect(new Set(db.data)).toEqual(new Set([-100]));
    const whisper = await logMel(silence, { preset: 'whisper' });
    expect(whisper.dims).toEqual([80, 3000]);
    expect(new Set(whisper.data)).toEqual(new Set([-1.5]));
  });

  it('have NaN where a frame has it, and in all of a signal whose greatest value bounds it', async () => {
    const data = ramp(80).map(Math.cos);
    data[3] = NaN;
    const signal = { data, dims: [2, 40] };
    const options = { frameLength: 20, hopLength: 20, center: false };
    const power = await powerSpectrum(signal, options);
    expect(power.dims).toEqual([2, 2, 11]);
    expect([...power.data].map(Number.isNaN)).toEqual([...power.data].map((_, index) => index < 11));
    const mels = { ...options, sampleRate: 8000, mels: 4, layout: 'frames-first' } as const;
    const bounded = await logMel(signal, { ...mels, range: 8 });
    expect([...bounded.data].map(Number.isNaN)).toEqual([...bounded.data].map((_, index) => index < 8));
  });

  it('keep infinity from becoming a finite number', async () => {
    const data = ramp(40).map(Math.cos);
    data[3] = Infinity;
    const options = { frameLength: 20, hopLength: 20, center: false, sampleRate: 8000, mels: 4 };
    const mels = await melSpectrogram({ data, dims: [40] }, options);
    expect([...mels.data].map(Number.isFinite)).toEqual([...mels.data].map((_, index) => index % 2 === 1));
  });
});
