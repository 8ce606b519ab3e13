// SPDX-License-Identifier: Apache-2.0
// What the addon has for lib/numerics.

/** How `NativeNumerics.kMeans()` looks for clusters. */
export interface NativeKMeansOptions {
  clusters: number;
  seed: number;
  method: 'auto' | 'exact' | 'lloyd';
  /** Different values times clusters up to which `'auto'` and `'exact'` look for the optimum. */
  exactLimit: number;
  exactMost: number;
}

/**
 * lib/numerics/numerics.ts with the results as arguments, on threads of the addon. Arguments are copied when a call begins
 * and written when its promise settles, unless they are over a SharedArrayBuffer. Results (`product`, `u`, `s`, `vt`,
 * `centers`, and the indices) are written as they are all the time: nobody else may have them before.
 */
export interface NativeNumerics {
  addGram(gram: Float64Array, samples: Float32Array, size: number): Promise<void>;
  /** Sizes: left, right. */
  addCrossProduct(
    product: Float64Array,
    x: Float32Array,
    y: Float32Array,
    ...sizes: [number, number]
  ): Promise<void>;
  /** Adds to `product`. Sizes: rows, inner, columns; then whether A and B are stored the other way. */
  multiply(
    a: Float64Array,
    b: Float64Array,
    product: Float64Array,
    ...shape: [number, number, number, boolean, boolean]
  ): Promise<void>;
  cholesky(a: Float64Array, size: number): Promise<boolean>;
  /** Size, columns, transposed. */
  solveTriangular(l: Float64Array, b: Float64Array, ...sizes: [number, number, boolean]): Promise<void>;
  /** Sizes: rows, columns. */
  svd(
    a: Float64Array,
    u: Float64Array,
    s: Float64Array,
    vt: Float64Array,
    ...sizes: [number, number]
  ): Promise<void>;
  kMeans(
    values: Float32Array,
    weights: Float32Array | undefined,
    centers: Float32Array,
    ...rest: [Uint16Array, NativeKMeansOptions]
  ): Promise<{ clusters: number; error: number }>;
}
