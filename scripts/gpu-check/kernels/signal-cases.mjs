// SPDX-License-Identifier: Apache-2.0
import { anyBits, floats, floatsWithExtremes } from './inputs.mjs';
import { largeCase, operatorCase } from './operator-case.mjs';

const sound = (dims) => () => [floats('float32', dims, { range: 1 })];
const recorded = (dims) => () => [anyBits('int16', dims, 4)];

const frames = [
  { frameLength: 40, hopLength: 16 },
  { frameLength: 33, hopLength: 50, center: true, padMode: 'constant', window: 'hamming' },
  { frameLength: 25, hopLength: 10, removeDc: true, preEmphasis: 0.97, window: 'povey' },
].map((options) => operatorCase('frameSignal', sound([2, 300]), [options]));

/** Lengths of a power of two, of small factors, and a prime. */
const spectra = [64, 60, 37].flatMap((frameLength) =>
  ['powerSpectrum', 'stftMagnitude'].flatMap((operator) => [
    operatorCase(operator, sound([2, 500]), [{ frameLength, hopLength: 20 }], { note: `of ${frameLength}` }),
    operatorCase(
      operator,
      recorded([500]),
      [{ frameLength, hopLength: 30, center: false, window: 'blackman' }],
      { note: `of ${frameLength}, int16` },
    ),
  ]),
);

const MEL = { sampleRate: 16_000, frameLength: 400, hopLength: 160, mels: 40 };
const mels = ['slaney', 'htk', 'kaldi'].flatMap((melScale, index) => [
  operatorCase(
    'melSpectrogram',
    sound([2, 1600]),
    [{ ...MEL, melScale, fMin: 20 * index, melNorm: index === 0 ? 'slaney' : 'none' }],
    { note: melScale },
  ),
  operatorCase(
    'logMel',
    recorded([1600]),
    [{ ...MEL, melScale, log: ['natural', 'log10', 'decibel'][index], range: 8 * index }],
    { note: melScale },
  ),
]);

export const signalCases = [
  ...frames,
  ...spectra,
  ...mels,
  operatorCase('logMel', sound([1600]), [{ preset: 'whisper', signalLength: 1600 }], { note: 'whisper' }),
  operatorCase('logMel', sound([2, 1600]), [{ preset: 'kaldi-fbank' }], { note: 'kaldi-fbank' }),
  operatorCase('powerSpectrum', () => [floatsWithExtremes([300])], [{ frameLength: 32, hopLength: 8 }], {
    note: 'extremes',
  }),
  largeCase('frameSignal', sound([16, 480_000]), [{ frameLength: 400, hopLength: 160 }]),
  largeCase('powerSpectrum', sound([16, 480_000]), [{ frameLength: 1024, hopLength: 256 }]),
  largeCase('stftMagnitude', sound([8, 220_500]), [{ frameLength: 2048, hopLength: 512 }]),
  largeCase('melSpectrogram', sound([8, 220_500]), [
    { sampleRate: 22_050, frameLength: 2048, hopLength: 512, mels: 128 },
  ]),
  largeCase('logMel', sound([8, 480_000]), [{ preset: 'whisper' }], 'large, whisper'),
  largeCase('logMel', sound([8, 160_000]), [{ preset: 'kaldi-fbank' }], 'large, kaldi-fbank'),
];
