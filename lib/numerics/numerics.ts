// SPDX-License-Identifier: Apache-2.0
// The arithmetic of compression that takes long on large layers. Who compresses passes an implementation: the one in
// TypeScript, which needs no addon, or the addon's, which computes on several threads. Both mean the same.

/** Sizes of `multiply`: C `[rows, columns]` = op(A) op(B), where op(A) is `[rows, inner]` and op(B) `[inner, columns]`. */
export interface ProductShape {
  /** Rows of op(A) and of C. */
  readonly rows: number;
  /** Columns of op(A), rows of op(B). */
  readonly inner: number;
  /** Columns of op(B) and of C. */
  readonly columns: number;
  /** A is stored as `[inner, rows]`. Default false. */
  readonly transposeA?: boolean;
  /** B is stored as `[columns, inner]`. Default false. */
  readonly transposeB?: boolean;
}

/** A = U diag(s) V^T with the singular values in descending order. */
export interface SingularValues {
  /** `[rows, count]`, row-major, orthonormal columns. */
  readonly u: Float64Array;
  /** `[count]`, `count` = min(rows, columns). */
  readonly s: Float64Array;
  /** `[count, columns]`, row-major, orthonormal rows. */
  readonly vt: Float64Array;
}

/** How to look for shared values. */
export interface KMeansOptions {
  /** How many values there may be, 1 to 65,536. */
  readonly clusters: number;
  /** How much each value counts, not negative. Default, and where all are 0: all alike. */
  readonly weights?: Float32Array;
  /** Of the random start. Default 0. */
  readonly seed?: number;
  /**
   * `'exact'` finds the optimum by dynamic programming over the sorted values, `'lloyd'` starts by k-means++ and
   * improves step by step. `'auto'` (default) is `'exact'` where it takes little (see `EXACT_LIMIT`).
   */
  readonly method?: 'auto' | 'exact' | 'lloyd';
}

/**
 * Different values times clusters up to which `'auto'` looks for the exact optimum: a second or two, and 17 MB besides
 * the values.
 */
export const EXACT_LIMIT = 2 ** 22;

/** The same, up to which `'exact'` is willing: 270 MB. */
export const EXACT_MOST = 2 ** 26;

/** Shared values and who has which. */
export interface Clusters {
  /** Ascending; fewer than asked for where there are fewer different values. */
  readonly centers: Float32Array;
  /** Position in `centers` of each value. */
  readonly indices: Uint16Array;
  /** Sum of weighted squared distances between the values and their centres. */
  readonly error: number;
}

/**
 * Dense linear algebra and clustering. Matrices are row-major arrays of doubles. Every call resolves without blocking
 * the event loop where the implementation has threads; arguments may not be changed until then. Sizes that do not
 * fit the arrays are ERR_TRT_ARG_VALUE.
 */
export interface Numerics {
  /** `'native'` or `'reference'`; reports name it. */
  readonly name: 'native' | 'reference';

  /**
   * Adds X^T X to a symmetric matrix, both triangles.
   *
   * @param gram - `[size, size]`, changed in place.
   * @param samples - X `[count, size]`, row-major.
   */
  addGram(gram: Float64Array, samples: Float32Array, size: number): Promise<void>;

  /**
   * Adds X^T Y to a matrix.
   *
   * @param product - `[left, right]`, changed in place.
   * @param x - `[count, left]`; `y` is `[count, right]`.
   */
  addCrossProduct(
    product: Float64Array,
    x: Float32Array,
    y: Float32Array,
    sizes: { readonly left: number; readonly right: number },
  ): Promise<void>;

  /** C = op(A) op(B), a new array `[rows, columns]`. */
  multiply(a: Float64Array, b: Float64Array, shape: ProductShape): Promise<Float64Array>;

  /**
   * The lower triangular L with L L^T = A in the place of A; zeros above the diagonal.
   *
   * @returns false, with A destroyed, if A is not positive definite
   */
  cholesky(a: Float64Array, size: number): Promise<boolean>;

  /**
   * Solves L Y = B, or L^T Y = B, in the place of B.
   *
   * @param l - Lower triangular `[size, size]`.
   * @param b - `[size, columns]`.
   */
  solveTriangular(
    l: Float64Array,
    b: Float64Array,
    sizes: { readonly size: number; readonly columns: number; readonly transposed?: boolean },
  ): Promise<void>;

  /**
   * The singular value decomposition of A `[rows, columns]`; A is not changed.
   *
   * @throws {TensorRTError} ERR_TRT_ARG_VALUE for NaN and infinity
   */
  svd(a: Float64Array, sizes: { readonly rows: number; readonly columns: number }): Promise<SingularValues>;

  /**
   * Values that stand for all others with the least weighted squared error, in one dimension. The same seed gives the
   * same result, on any number of threads.
   *
   * @throws {TensorRTError} ERR_TRT_ARG_VALUE for NaN and infinity, for no values, and for weights that do not fit
   */
  kMeans(values: Float32Array, options: KMeansOptions): Promise<Clusters>;
}
