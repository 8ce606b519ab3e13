// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  rangesFromCache,
  readCalibrationCache,
  writeCalibrationCache,
} from '../../../../lib/compress/calibrate/calibration-cache';

const TEXT = 'TRT-101600-EntropyCalibration2\nimages: 3c010204\nblock: 1/relu 2: 3d800000\n';
const thrown = (action: () => unknown): Error & Record<string, unknown> => {
  try {
    action();
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('nothing was thrown');
};

describe('a calibration cache of TensorRT 10', () => {
  it('is read, names with colons and spaces too, as text, as bytes and with line ends of Windows', () => {
    const expected = {
      version: '101600',
      algorithm: 'EntropyCalibration2',
      scales: { images: Math.fround(1 / 127), 'block: 1/relu 2': 0.0625 },
    };
    expect(readCalibrationCache(TEXT)).toEqual(expected);
    expect(readCalibrationCache(Buffer.from(TEXT))).toEqual(expected);
    expect(readCalibrationCache(TEXT.replaceAll('\n', '\r\n'))).toEqual(expected);
  });

  it('is written so that reading it gives the same', () => {
    const range = (amplitude: number) => ({ min: -amplitude, max: amplitude, amplitude });
    const ranges = { images: range(1), 'block: 1/relu 2': range(7.9375) };
    expect(writeCalibrationCache(ranges)).toBe(TEXT);
    const dead = writeCalibrationCache(
      { x: range(0) },
      { version: '100900', algorithm: 'MinMaxCalibration' },
    );
    expect(readCalibrationCache(dead)).toEqual({
      version: '100900',
      algorithm: 'MinMaxCalibration',
      scales: { x: 2 ** -24 },
    });
  });

  it.each([
    ['no header', '', 'Expected a first line'],
    ['another header', 'TRT-10-', 'Expected a first line'],
    ['a line without a scale', 'TRT-101600-X\nimages', 'in line 2'],
    ['digits that are none', 'TRT-101600-X\na: 3c010a14\nb: 3c0z', 'in line 3'],
    ['too many digits', 'TRT-101600-X\na: 3c010a1400', 'in line 2'],
    ['a name that is empty', 'TRT-101600-X\n: 3c010a14', 'in line 2'],
    ['a scale of zero', 'TRT-101600-X\nrelu: 0', '"relu" of the calibration cache (line 2), got 0'],
    ['an infinite scale', 'TRT-101600-X\nrelu: 7f800000', 'got Infinity'],
    ['a scale that is no number', 'TRT-101600-X\nrelu: 7fc00000', 'got NaN'],
    ['a negative scale', 'TRT-101600-X\nrelu: bc010a14', 'got -0.0078'],
  ])('is refused with %s', (_, text, message) => {
    const error = thrown(() => readCalibrationCache(text));
    expect(error).toMatchObject({ code: 'ERR_TRT_QUANT_CACHE' });
    expect(error.message).toContain(message);
  });

  it('is not written with what it cannot hold', () => {
    const range = { min: 0, max: 1, amplitude: 1 };
    for (const action of [
      () => writeCalibrationCache({ 'two\nlines': range }),
      () => writeCalibrationCache({ x: { ...range, amplitude: NaN } }),
      () => writeCalibrationCache({ x: { ...range, amplitude: -1 } }),
      () => writeCalibrationCache({ x: range }, { version: '10.16' }),
    ])
      expect(thrown(action)).toMatchObject({ code: 'ERR_TRT_QUANT_CACHE' });
  });

  it('gives ranges of the tensors that are needed', () => {
    const scales = { images: 0.5, other: 1, '(Unnamed Layer* 3) [Constant]_output': 1 };
    const amplitude = 63.5;
    const ranges = { images: { min: -amplitude, max: amplitude, amplitude } };
    expect(rangesFromCache({ scales }, { tensors: ['images'] })).toEqual(ranges);
    expect(rangesFromCache({ scales }, { tensors: ['images'], known: ['images', 'other'] })).toEqual(ranges);
  });

  it('of another model is refused', () => {
    const scales = { images: 0.5, relu1: 1 };
    const missing = thrown(() => rangesFromCache({ scales }, { tensors: ['relu2'] }));
    expect(missing).toMatchObject({ code: 'ERR_TRT_QUANT_CACHE', details: { tensor: 'relu2' } });
    expect(missing.message).toContain('lacks the tensor "relu2". Did you mean "relu1"?');
    const strange = thrown(() => rangesFromCache({ scales }, { tensors: ['images'], known: ['images'] }));
    expect(strange.message).toContain('has a tensor "relu1", which the model lacks');
  });
});
