// SPDX-License-Identifier: Apache-2.0
// The addon's numerics beside those in TypeScript: products and solutions up to rounding, clusters bit for bit.
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it } from 'vitest';

import { addonPath, loadAddon } from '../../lib/binding/load';
import { referenceNumerics as reference } from '../../lib/numerics/reference';
import type { Numerics } from '../../lib/numerics/numerics';
import { nativeNumerics } from '../../lib/runtime/native-numerics';
import { rejection } from '../temporary-folder';
import {
  distanceOf,
  largestOf,
  MATRIX_CASES,
  normalNumbers,
  svdFaults,
  VALUES_CASES,
} from '../numerics-cases';

const floats = (count: number, seed: number): Float32Array => Float32Array.from(normalNumbers(count, seed));

let native: Numerics;
beforeAll(async () => {
  native = await nativeNumerics();
});

/** Sizes around those of tiles (6 by 8), blocks (64, 96) and panels (32, 256). */
const SIZES = [0, 1, 2, 5, 8, 31, 33, 64, 97, 130, 259];

describe('products of the addon', () => {
  it.each([
    [0, 3, 2],
    [3, 0, 2],
    [1, 1, 1],
    [1, 300, 1],
    [6, 8, 8],
    [7, 257, 9],
    [97, 31, 65],
    [40, 520, 130],
    [13, 5, 2100],
    [200, 3, 1],
  ])('are those of TypeScript: [%i, %i] with [.., %i]', async (rows, inner, columns) => {
    const a = normalNumbers(rows * inner, 1);
    const b = normalNumbers(inner * columns, 2);
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const shape = { rows, inner, columns, transposeA, transposeB };
        const expected = await reference.multiply(a, b, shape);
        expect(distanceOf(await native.multiply(a, b, shape), expected)).toBeLessThan(1e-12);
      }
    }
  });

  it.each(SIZES)('are those of TypeScript: Gram and cross products of size %i', async (size) => {
    for (const count of [0, 1, 7, 270]) {
      const [x, y] = [floats(count * size, 3), floats(count * (size + 3), 4)];
      const grams = [native, reference].map(async (numerics) => {
        const gram = new Float64Array(size * size).fill(1);
        await numerics.addGram(gram, x, size);
        await numerics.addGram(gram, x, size);
        return gram;
      });
      const [gram, expectedGram] = await Promise.all(grams);
      expect(distanceOf(gram!, expectedGram!)).toBeLessThan(1e-10);
      expect(gram!.every((value, i) => value === gram![(i % size) * size + Math.floor(i / size)])).toBe(true);
      if (size === 0 && count > 0) continue;
      const products = [native, reference].map(async (numerics) => {
        const product = new Float64Array(size * (size + 3)).fill(1);
        await numerics.addCrossProduct(product, x, y, { left: size, right: size + 3 });
        return product;
      });
      const [product, expectedProduct] = await Promise.all(products);
      expect(distanceOf(product!, expectedProduct!)).toBeLessThan(1e-10);
    }
  });

  it('sums samples of very unequal scales in double', async () => {
    const x = Float32Array.from({ length: 3000 }, (_, i) => (i % 3 === 0 ? 1e6 : 1));
    const gram = new Float64Array(1);
    await native.addGram(gram, x, 1);
    expect(gram[0]).toBe(1000 * 1e12 + 2000);
  });
});

describe('Cholesky and triangular solutions of the addon', () => {
  it.each(SIZES)('are those of TypeScript: size %i', async (size) => {
    const x = floats((2 * size + 3) * size, size);
    const gram = new Float64Array(size * size);
    await reference.addGram(gram, x, size);
    const [l, expected] = [gram.slice(), gram.slice()];
    expect(await native.cholesky(l, size)).toBe(true);
    await reference.cholesky(expected, size);
    expect(distanceOf(l, expected)).toBeLessThan(1e-11 * Math.max(1, largestOf(expected)));
    for (const columns of [0, 1, 3, 70]) {
      const b = normalNumbers(size * columns, 2);
      for (const transposed of [false, true]) {
        const [y, expectedY] = [b.slice(), b.slice()];
        await native.solveTriangular(l, y, { size, columns, transposed });
        await reference.solveTriangular(l, expectedY, { size, columns, transposed });
        expect(distanceOf(y, expectedY)).toBeLessThan(1e-10);
      }
    }
  });

  it.each([0, 40, 63, 64, 130])('say where a matrix is not positive definite: row %i', async (row) => {
    const size = 140;
    const a = Float64Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0));
    for (const pivot of [0, -1, NaN]) {
      const bad = a.slice();
      bad[row * size + row] = pivot;
      expect(await native.cholesky(bad, size)).toBe(false);
    }
  });
});

describe('singular values of the addon', () => {
  it.each([
    ...MATRIX_CASES,
    { name: 'random 260 x 130', rows: 260, columns: 130, make: () => normalNumbers(260 * 130, 8) },
    { name: 'random 200 x 200', rows: 200, columns: 200, make: () => normalNumbers(200 * 200, 9) },
  ])('decompose, and are those of TypeScript: $name', async ({ rows, columns, make }) => {
    const a = make();
    const before = a.slice();
    const result = await native.svd(a, { rows, columns });
    const faults = await svdFaults(reference, a, result, [rows, columns]);
    expect(faults.product).toBeLessThan(1e-13);
    expect(faults.u).toBeLessThan(1e-13);
    expect(faults.v).toBeLessThan(1e-13);
    expect(faults.isOrdered).toBe(true);
    expect(distanceOf(a, before)).toBe(0);
    const { s } = await reference.svd(a, { rows, columns });
    const largest = s[0] ?? 0;
    expect(result.s.every((value, i) => Math.abs(value - s[i]!) <= 1e-13 * largest)).toBe(true);
  });
});

describe('clusters of the addon', () => {
  describe.each(['auto', 'exact', 'lloyd'] as const)('%s', (method) => {
    it.each(VALUES_CASES)('are the bits of TypeScript: $name', async ({ values, weights, clusters }) => {
      const options = { clusters, weights, method, seed: 3 };
      expect(await native.kMeans(values, options)).toEqual(await reference.kMeans(values, options));
    });
  });

  it('are the bits of TypeScript where many threads sort', async () => {
    const values = floats(300_000, 20);
    const weights = floats(300_000, 21).map((value) => Math.max(0, value));
    for (const given of [{}, { weights }]) {
      const options = { clusters: 64, ...given };
      expect(await native.kMeans(values, options)).toEqual(await reference.kMeans(values, options));
    }
    const alike = values.map((value) => Math.round(value));
    expect(await native.kMeans(alike, { clusters: 4 })).toEqual(
      await reference.kMeans(alike, { clusters: 4 }),
    );
  });

  it('refuse an exact search that is too long, in the same words', async () => {
    const values = Float32Array.from({ length: 20_000 }, (_, i) => i);
    const failures = [native, reference].map(async (numerics) => {
      const { code, message, details } = await rejection(
        numerics.kMeans(values, { clusters: 10_000, method: 'exact' }),
      );
      return { code, message, details };
    });
    const [ours, expected] = await Promise.all(failures);
    expect(ours).toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
    expect(ours).toEqual(expected);
  });
});

describe('the addon', () => {
  it('refuses bad arguments as TypeScript does', async () => {
    await expect(native.svd(Float64Array.of(NaN), { rows: 1, columns: 1 })).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
    await expect(native.cholesky(new Float64Array(3), 2)).rejects.toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
  });

  it('reads nothing beyond an array, whoever calls it', () => {
    const { numerics } = loadAddon();
    expect(() => numerics.cholesky(new Float64Array(3), 2)).toThrow('4 elements');
    expect(() => numerics.addGram(new Float64Array(4), new Float32Array(5), 2)).toThrow('4 elements');
    expect(() =>
      numerics.svd(new Float64Array(4), new Float64Array(3), new Float64Array(2), new Float64Array(4), 2, 2),
    ).toThrow('4 elements');
    expect(() => numerics.cholesky(new Float64Array(1), -1)).toThrow('size');
  });

  it('leaves the event loop free while it computes, and computes side by side', async () => {
    const size = 500;
    const a = normalNumbers(size * size, 1);
    let isDone = false;
    const work = Promise.all([1, 2, 3].map(() => native.svd(a, { rows: size, columns: size }))).finally(
      () => {
        isDone = true;
      },
    );
    let turns = 0;
    while (!isDone) {
      await nextTurn();
      turns += 1;
    }
    const [first, ...others] = await work;
    expect(turns).toBeGreaterThan(50);
    others.forEach((other) => expect(other).toEqual(first));
  });

  it('ends with the thread of JavaScript that asked, in the middle of its work', async () => {
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       const { numerics } = require(workerData);
       const size = 900;
       const [a, u, vt] = [1, 2, 3].map(() => new Float64Array(size * size).map((_, i) => Math.sin(i * i)));
       void numerics.svd(a, u, new Float64Array(size), vt, size, size);
       parentPort.postMessage('started');`,
      { eval: true, workerData: addonPath() },
    );
    await once(worker, 'message');
    await worker.terminate();
    const { s } = await native.svd(Float64Array.of(2), { rows: 1, columns: 1 });
    expect([...s]).toEqual([2]);
  });
});

/** Lets go of an array's memory, as a transfer to a thread that ends does. */
function transferAway(array: Float32Array | Float64Array): void {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
}

describe('arrays that go away', () => {
  const size = 300;
  const samples = () => floats(2000 * size, 21);
  const expectedGram = async () => {
    const gram = new Float64Array(size * size);
    await native.addGram(gram, samples(), size);
    return gram;
  };

  it('are read as they were when they are transferred, written or filled during the call', async () => {
    const [rows, gram] = [samples(), new Float64Array(size * size)];
    const call = native.addGram(gram, rows, size);
    rows.fill(Number.NaN);
    transferAway(rows);
    await call;
    expect(distanceOf(gram, await expectedGram())).toBe(0);
    const a = normalNumbers(size * size, 22);
    const expected = await native.svd(a, { rows: size, columns: size });
    const decomposed = native.svd(a, { rows: size, columns: size });
    transferAway(a);
    expect(distanceOf((await decomposed).s, expected.s)).toBe(0);
  });

  it('are refused where they are to be changed', async () => {
    const l = await expectedGram();
    const [gram, b] = [new Float64Array(size * size), new Float64Array(size).fill(1)];
    const call = native.addGram(gram, samples(), size);
    const solved = native.solveTriangular(l, b, { size, columns: 1 });
    transferAway(gram);
    transferAway(b);
    for (const error of await Promise.all([call, solved].map(rejection)))
      expect(error).toMatchObject({
        code: 'ERR_TRT_ARG_VALUE',
        message: expect.stringContaining('transferred or resized') as string,
      });
  });

  it('are refused at once where they have gone already', async () => {
    const gram = new Float64Array(size * size);
    transferAway(gram);
    expect(await rejection(native.addGram(gram, samples(), size))).toMatchObject({
      code: 'ERR_TRT_ARG_VALUE',
    });
  });

  it('may be resizable: a smaller one is refused, one of the same size again is written', async () => {
    type Resizable = ArrayBuffer & { resize(bytes: number): void };
    const make = ArrayBuffer as unknown as new (bytes: number, options: object) => Resizable;
    const bytes = size * size * 8;
    const buffer = new make(bytes, { maxByteLength: 2 * bytes });
    const gram = new Float64Array(buffer, 0, size * size);
    const call = native.addGram(gram, samples(), size);
    buffer.resize(0);
    expect(await rejection(call)).toMatchObject({ code: 'ERR_TRT_ARG_VALUE' });
    buffer.resize(bytes);
    await native.addGram(gram, samples(), size);
    expect(distanceOf(gram, await expectedGram())).toBe(0);
  });

  it('are used as they are over shared memory', async () => {
    const gram = new Float64Array(new SharedArrayBuffer(size * size * 8));
    await native.addGram(gram, samples(), size);
    expect(distanceOf(gram, await expectedGram())).toBe(0);
  });
});
