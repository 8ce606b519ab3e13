// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  frameSignal,
  LOG_MEL_PRESETS,
  planFrameSignal,
  planLogMel,
  planMelSpectrogram,
  planPowerSpectrum,
  planStftMagnitude,
} from '../../../../lib/ops/signals/index';
import type { TensorSpec } from '../../../../lib/ops/tensor-spec';

const SIGNAL: readonly [TensorSpec] = [{ type: 'float32', dims: [2, 16000] }];
const FRAMES = { frameLength: 400, hopLength: 160 };
const MELS = { ...FRAMES, sampleRate: 16000, mels: 80 };

/** Options as JavaScript may pass them. */
const any = (options: object) => options as never;

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return 'nothing was thrown';
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

describe('signal operators refuse', () => {
  it.each([
    { hopLength: 0 },
    { hopLength: 1.5 },
    { frameLength: 0 },
    { frameLength: 8193 },
    { signalLength: -1 },
    { preEmphasis: 1.01 },
    { preEmphasis: NaN },
    { scale: Infinity },
    { padMode: 'edge' },
    { window: 'triangle' },
    { window: [1, 2, 3] },
    { window: new Float32Array(400).fill(NaN) },
  ])('values out of range: %o', (wrong) => {
    expect(codeOf(() => planFrameSignal(SIGNAL, any({ ...FRAMES, ...wrong })))).toBe('ERR_TRT_ARG_VALUE');
  });

  it.each([
    { hopLength: '160' },
    { frameLength: undefined },
    { center: 1 },
    { padMode: true },
    { window: 5 },
    { scale: '1' },
  ])('values of the wrong type: %o', (wrong) => {
    expect(codeOf(() => planFrameSignal(SIGNAL, any({ ...FRAMES, ...wrong })))).toBe('ERR_TRT_ARG_TYPE');
  });

  it('options that they do not have', () => {
    const message = /no option "hopLenght".*hopLength/s;
    expect(() => planFrameSignal(SIGNAL, any({ frameLength: 4, hopLenght: 2 }))).toThrow(message);
    expect(codeOf(() => planFrameSignal(SIGNAL, any({ ...FRAMES, fftLength: 512 })))).toBe(
      'ERR_TRT_ARG_UNKNOWN_OPTION',
    );
    expect(codeOf(() => planLogMel(SIGNAL, any({ preset: 'whisper', mel: 80 })))).toBe(
      'ERR_TRT_ARG_UNKNOWN_OPTION',
    );
  });

  it.each([
    { type: 'float64', dims: [16000] },
    { type: 'int8', dims: [16000] },
    { type: 'float32', dims: [] },
    { type: 'float32', dims: [1, 1, 16000] },
    { type: 'float32', dims: [0] },
    { type: 'float32', dims: [2, 0] },
    { type: 'float32', dims: [2, 399] },
  ] as const)('signals of other types and shapes: %o', (signal) => {
    expect(codeOf(() => planFrameSignal([signal], FRAMES))).toBe('ERR_TRT_ARG_TENSOR');
  });

  it.each([{ fftLength: 399 }, { fftLength: 8194 }, { fftLength: 4097 }, { fftLength: 400.5 }])(
    'transforms of %o',
    (wrong) => {
      expect(codeOf(() => planPowerSpectrum(SIGNAL, { ...FRAMES, ...wrong }))).toBe('ERR_TRT_ARG_VALUE');
      expect(codeOf(() => planStftMagnitude(SIGNAL, { ...FRAMES, ...wrong }))).toBe('ERR_TRT_ARG_VALUE');
    },
  );

  it.each([
    { mels: 0 },
    { mels: 202 },
    { sampleRate: 0 },
    { sampleRate: Infinity },
    { fMin: -1 },
    { fMin: 8000 },
    { fMin: 4000, fMax: 3000 },
    { fMax: 8001 },
    { fMax: NaN },
    { power: 3 },
    { melScale: 'bark' },
    { melScale: 'kaldi', melNorm: 'slaney' },
    { layout: 'rows' },
  ])('mel bands of %o', (wrong) => {
    expect(codeOf(() => planMelSpectrogram(SIGNAL, any({ ...MELS, ...wrong })))).toBe('ERR_TRT_ARG_VALUE');
  });

  it.each([
    { floor: 0 },
    { floor: 1e-39 },
    { range: -1 },
    { log: 'log2' },
    { preset: 'wav2vec' },
    { multiplier: NaN },
    { offset: 1e39 },
  ])('logarithms of %o', (wrong) => {
    expect(codeOf(() => planLogMel(SIGNAL, any({ ...MELS, ...wrong })))).toBe('ERR_TRT_ARG_VALUE');
  });

  it('what is no tensor', async () => {
    await expect(frameSignal(any([1, 2, 3]), FRAMES)).rejects.toMatchObject({ code: 'ERR_TRT_ARG_TYPE' });
    const wrongLength = { data: new Float32Array(3), dims: [4] };
    await expect(frameSignal(wrongLength, FRAMES)).rejects.toMatchObject({ code: 'ERR_TRT_ARG_TENSOR' });
  });
});

describe('plans', () => {
  it('tell the shapes of their results', () => {
    expect(planFrameSignal(SIGNAL, FRAMES).outputs).toEqual([{ type: 'float32', dims: [2, 98, 400] }]);
    expect(planPowerSpectrum(SIGNAL, { ...FRAMES, fftLength: 512 }).outputs[0]?.dims).toEqual([2, 101, 257]);
    expect(planMelSpectrogram(SIGNAL, MELS).outputs[0]?.dims).toEqual([2, 80, 101]);
    expect(planLogMel(SIGNAL, { preset: 'kaldi-fbank', mels: 40 }).outputs[0]?.dims).toEqual([2, 98, 40]);
    expect(planLogMel(SIGNAL, { preset: 'whisper' }).outputs[0]?.dims).toEqual([2, 80, 3000]);
    expect(planLogMel(SIGNAL, { preset: 'whisper', signalLength: null }).outputs[0]?.dims).toEqual([
      2, 80, 100,
    ]);
  });

  it('let options win over a preset, unless they are undefined', () => {
    const plan = planLogMel(SIGNAL, { preset: 'whisper', mels: undefined, log: 'natural' });
    expect(plan.attributes).toMatchObject({ mels: LOG_MEL_PRESETS.whisper.mels, log: 'natural', fMax: 8000 });
  });

  it('divide int16 by 32768', () => {
    const plan = planLogMel([{ type: 'int16', dims: [16000] }], { preset: 'kaldi-fbank' });
    expect(plan.attributes['scale']).toBe(1);
  });
});
