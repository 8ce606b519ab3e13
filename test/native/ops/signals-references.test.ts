// SPDX-License-Identifier: Apache-2.0
// Signals against SciPy, librosa and transformers, as scripts/references/signals.py recorded them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  logMel,
  melSpectrogram,
  powerSpectrum,
  stftMagnitude,
  type LogMelOptions,
  type LogMelPreset,
  type MelOptions,
  type SpectrumOptions,
} from '../../../lib/ops/signals/index';
import type { Tensor } from '../../../lib/runtime/tensor';

interface Case<Options> {
  options: Options;
  dims: number[];
  data: string;
}

interface References {
  signal: string;
  powerSpectrum: Case<SpectrumOptions>[];
  melSpectrogram: Case<MelOptions>[];
  logMel: Case<LogMelOptions>[];
}

const references = JSON.parse(
  readFileSync(join(__dirname, '../../references/signals/signals.json'), 'utf8'),
) as References;

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, 'base64')).buffer;
const int16 = new Int16Array(bytesOf(references.signal));
const float32 = Float32Array.from(int16, (sample) => sample / 32768);
const signal = { data: float32, dims: [float32.length] };

const titled = <Options extends object>(cases: Case<Options>[]) =>
  cases.map((entry) => ({ ...entry, title: JSON.stringify(entry.options) }));

/** The greatest of `|got - expected| / bound(expected)`: at most 1 where each number is within its bound. */
function worst(got: Tensor<Float32Array>, entry: Case<object>, bound: (expected: number) => number): number {
  expect(got.dims).toEqual(entry.dims);
  const expected = new Float32Array(bytesOf(entry.data));
  expect(got.data.length).toBe(expected.length);
  return got.data.reduce(
    (greatest, value, index) =>
      Math.max(greatest, Math.abs(value - (expected[index] ?? NaN)) / bound(expected[index] ?? NaN)),
    0,
  );
}

const greatestOf = (entry: Case<object>) =>
  new Float32Array(bytesOf(entry.data)).reduce((a, b) => Math.max(a, b));

describe('power spectra', () => {
  // References are computed in double. Rounding in float32 is relative to a frame's strongest frequency (s), in
  // amplitude: |X'| = |X| + e * s gives P' = P + 2 e sqrt(P) s + ..., with e some 3e-7.
  it.each(titled(references.powerSpectrum))('are those of SciPy for $title', async (entry) => {
    const strongest = greatestOf(entry);
    const got = await powerSpectrum(signal, entry.options);
    expect(
      worst(got, entry, (power) => 1e-6 * power + 1e-6 * Math.sqrt(power * strongest) + 1e-12 * strongest),
    ).toBeLessThan(1);
  });

  it('are the squares of magnitudes', async () => {
    const options = { frameLength: 400, hopLength: 160 };
    const [power, magnitude] = await Promise.all([
      powerSpectrum(signal, options),
      stftMagnitude(signal, options),
    ]);
    expect(magnitude.dims).toEqual(power.dims);
    expect(magnitude.data).toEqual(power.data.map(Math.sqrt));
  });

  it('are the same for int16', async () => {
    const options = { frameLength: 400, hopLength: 160 };
    const shorts = await powerSpectrum({ data: int16, dims: [1, int16.length] }, options);
    const floats = await powerSpectrum(signal, options);
    expect(shorts.dims).toEqual([1, ...floats.dims]);
    expect(shorts.data).toEqual(floats.data);
  });
});

describe('mel spectra', () => {
  // Bands add positive numbers: the bound is that of their frequencies, and 1e-5 for weights rounded to float32.
  it.each(titled(references.melSpectrogram))('are those of librosa for $title', async (entry) => {
    const strongest = greatestOf(entry);
    const got = await melSpectrogram(signal, entry.options);
    expect(worst(got, entry, (mel) => 1e-5 * mel + 1e-6 * Math.sqrt(mel * strongest))).toBeLessThan(1);
  });
});

describe('logarithmic mel spectra', () => {
  // A part of 1e-5 of an energy is 1e-5 of its natural logarithm. Kaldi's narrow bands reach far below the strongest
  // frequency without a bound like Whisper's: there the error of the power spectra is a larger part of them.
  const bounds: Record<LogMelPreset, (greatest: number) => (value: number) => number> = {
    whisper: () => () => 1e-5,
    librosa: () => () => 1e-4,
    'kaldi-fbank': (greatest) => (value) => 1e-5 + 1e-6 * Math.exp((greatest - value) / 2),
  };
  it.each(titled(references.logMel))('are those of the reference for $title', async (entry) => {
    const got = await logMel(signal, entry.options);
    const bound = bounds[entry.options.preset ?? 'whisper'](greatestOf(entry));
    expect(worst(got, entry, bound)).toBeLessThan(1);
  });
});
