// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import {
  createMapping,
  MAPPING_KINDS,
  type MappingOptions,
} from '../../../../lib/compress/mapping/create-mapping';
import { Mapping, measureMapping } from '../../../../lib/compress/mapping/mapping';
import { noise } from '../../../precision-models';

const values = noise(5000, 1, 3).map((value) => value + 0.2);
const sorted = values.slice().sort();
const ALL: MappingOptions[] = MAPPING_KINDS.flatMap((mapping) =>
  [2, 4, 8].map((bits) => ({ mapping, bits })),
);
const EVERY: MappingOptions[] = [
  ...ALL,
  { mapping: 'uniform', bits: 8, symmetric: false },
  { mapping: 'uniform', bits: 3, symmetric: false },
  { mapping: 'logarithmic', bits: 6, octaves: 4 },
  { mapping: 'normalized', bits: 5, sigmas: 2 },
  { mapping: 'kmeans', levels: 11 },
];

describe.each(EVERY)('%o', (options) => {
  const mapping = createMapping(values, options);
  const codes = mapping.encode(values);

  it('has no more levels than codes, in rising order', () => {
    const { levels } = mapping;
    expect(levels.length).toBeLessThanOrEqual(options.levels ?? 2 ** (options.bits ?? 8));
    expect(levels.length).toBeGreaterThan((options.levels ?? 2 ** (options.bits ?? 8)) * 0.7);
    expect(levels.every((level, i) => i === 0 || level > levels[i - 1]!)).toBe(true);
    expect(Math.max(...codes)).toBeLessThan(levels.length);
  });

  it('takes the nearest level for each value', () => {
    const decoded = mapping.decode(codes);
    for (let i = 0; i < values.length; i += 7) {
      const nearest = Math.min(...mapping.levels.map((level) => Math.abs(level - values[i]!)));
      expect(Math.abs(decoded[i]! - values[i]!)).toBeLessThanOrEqual(nearest * (1 + 1e-6));
    }
  });

  it('keeps the order of values, stays in their range and changes nothing the second time', () => {
    const decoded = mapping.decode(mapping.encode(sorted));
    expect(decoded.every((value, i) => i === 0 || value >= decoded[i - 1]!)).toBe(true);
    expect(mapping.encode(decoded)).toEqual(mapping.encode(sorted));
    const reach = Math.max(Math.abs(sorted[0]!), sorted.at(-1)!) * 1.42;
    expect(Math.max(...decoded.map(Math.abs))).toBeLessThanOrEqual(reach);
    expect(mapping.encode([-1e30, 1e30])).toEqual(Uint8Array.of(0, mapping.levels.length - 1));
  });
});

describe('levels', () => {
  const levelsOf = (options: MappingOptions, of: ArrayLike<number> = [-1, 0.5, 2]) => [
    ...createMapping(of, options).levels,
  ];

  it('of a uniform mapping are even, with zero among them', () => {
    expect(levelsOf({ mapping: 'uniform', bits: 3 })).toEqual(
      [-2, -4 / 3, -2 / 3, 0, 2 / 3, 4 / 3, 2].map(Math.fround),
    );
    expect(levelsOf({ mapping: 'uniform', bits: 2, symmetric: false })).toEqual([-1, 0, 1, 2]);
    expect(levelsOf({ mapping: 'uniform', bits: 2, symmetric: false }, [3, 6])).toEqual([0, 2, 4, 6]);
  });

  it('of a linear mapping reach from the smallest value to the largest', () => {
    expect(levelsOf({ mapping: 'linear', bits: 2 })).toEqual([-1, 0, 1, 2]);
    expect(levelsOf({ mapping: 'linear', bits: 2 }, [3, 6])).toEqual([3, 4, 5, 6]);
  });

  it('of a logarithmic mapping are zero and powers of two, or spread over the octaves that are asked for', () => {
    expect(levelsOf({ mapping: 'logarithmic', bits: 3 }, [0.9, -0.1])).toEqual([
      -1, -0.5, -0.25, 0, 0.25, 0.5, 1,
    ]);
    const spread = levelsOf({ mapping: 'logarithmic', bits: 3, octaves: 4 }, [3, -0.1]);
    expect(spread).toEqual([-3, -0.75, -0.1875, 0, 0.1875, 0.75, 3]);
    const many = levelsOf({ mapping: 'logarithmic', bits: 8 }, [3]);
    expect([many.length, many.at(-1), many[128]]).toEqual([255, 3, Math.fround(3 / 1024)]);
  });

  it('of a normalised mapping lie around the mean, as many deviations wide as is asked for or as is best', () => {
    const data = [1, 3, 1, 3];
    expect(levelsOf({ mapping: 'normalized', bits: 2, sigmas: 3 }, data)).toEqual([-1, 1, 3, 5]);
    expect(levelsOf({ mapping: 'normalized', bits: 2 }, data)).toEqual(
      [1, 4 / 3 + 1 / 3, 7 / 3, 3].map(Math.fround),
    );
    const outlier = Float32Array.of(...noise(3000, 1, 5), 50);
    const best = measureMapping(outlier, createMapping(outlier, { mapping: 'normalized', bits: 4 }));
    for (const sigmas of [1, 2, 3, 6]) {
      const other = createMapping(outlier, { mapping: 'normalized', bits: 4, sigmas });
      expect(best.meanSquaredError).toBeLessThanOrEqual(
        measureMapping(outlier, other).meanSquaredError * 1.0001,
      );
    }
  });

  it('of k-means are the groups where there are some, and the values themselves where they are few', () => {
    const groups = [...noise(300, 0.01, 1), ...noise(300, 0.01, 2).map((one) => one + 5), 9, 9.01];
    const levels = levelsOf({ mapping: 'kmeans', levels: 3 }, groups);
    expect([levels[0], levels[1], levels[2]].map((one) => Math.round(one! * 10) / 10)).toEqual([0, 5, 9]);
    expect(levelsOf({ mapping: 'kmeans', bits: 4 }, [1, 2, 2, 1, 5])).toEqual([1, 2, 5]);
  });

  it('of k-means have a smaller error than any others, and near the optimum for a normal distribution', () => {
    for (const bits of [2, 3, 4]) {
      const errors = MAPPING_KINDS.map((mapping) =>
        measureMapping(values, createMapping(values, { mapping, bits })),
      );
      const least = Math.min(...errors.map(({ meanSquaredError }) => meanSquaredError));
      expect(errors.at(-1)!.meanSquaredError).toBe(least);
    }
    const same = () => createMapping(values, { mapping: 'kmeans', bits: 4, seed: 5 }).levels;
    expect(same()).toEqual(same());
  });

  it('are one for values that are all the same', () => {
    for (const mapping of MAPPING_KINDS) {
      for (const value of [0, -3]) {
        const one = createMapping(new Float32Array(4).fill(value), { mapping });
        const decoded = one.decode(one.encode([value]))[0]!;
        expect(Math.abs(decoded - value), mapping).toBeLessThanOrEqual(Math.abs(value) * 0.01);
      }
    }
  });
});

describe('measures', () => {
  it('count errors, packed bits with the table, and the entropy of the codes', () => {
    const mapping = new Mapping([0, 1, 1, -0]);
    const error = measureMapping(Float32Array.of(0, 0, 1, 0.75), mapping);
    expect(error).toEqual({
      meanSquaredError: 0.0625 / 4,
      sqnrDb: 10 * Math.log10(1.5625 / 0.0625),
      largestDifference: 0.25,
      bitsPerValue: 1 + (32 * 2) / 4,
      entropyBits: 1,
    });
    expect(measureMapping([0, 0], new Mapping([0]))).toMatchObject({ sqnrDb: Infinity, entropyBits: 0 });
  });

  it('improve by six decibels a bit for even levels', () => {
    const of = (bits: number) =>
      measureMapping(values, createMapping(values, { mapping: 'uniform', bits })).sqnrDb;
    expect(of(8) - of(4)).toBeGreaterThan(22);
    expect(of(8) - of(4)).toBeLessThan(27);
  });
});

describe('a mapping', () => {
  it('is not made of values that are not finite, nor with impossible numbers', () => {
    const code = (data: ArrayLike<number>, options: object) => {
      try {
        createMapping(data, { mapping: 'uniform', ...options }, 'fc.weight');
      } catch (error) {
        return error as Error & { code: string };
      }
      throw new Error('nothing was thrown');
    };
    for (const bad of [NaN, Infinity]) {
      const error = code([1, bad], {});
      expect(error.code).toBe('ERR_TRT_QUANT_WEIGHTS');
      expect(error.message).toContain(`"fc.weight" holds ${bad} at position 1`);
    }
    expect(code([], {}).code).toBe('ERR_TRT_QUANT_WEIGHTS');
    for (const options of [
      { bits: 1 },
      { bits: 9 },
      { bits: 2.5 },
      { levels: 257 },
      { sigmas: 0 },
      { octaves: NaN },
      { mapping: 'cubic' },
    ])
      expect(code([1, 2], options).code).toBe('ERR_TRT_ARG_VALUE');
  });
});
