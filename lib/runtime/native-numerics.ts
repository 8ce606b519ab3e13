// SPDX-License-Identifier: Apache-2.0
import type { NativeAddon } from '../binding/contract';
import type { NativeNumerics } from '../binding/numerics-contract';
import { fromNativeError } from '../binding/native-error';
import { openAddon } from '../binding/open-addon';
import type * as argumentChecks from '../numerics/check-arguments';
import type { Clusters, KMeansOptions, Numerics, ProductShape, SingularValues } from '../numerics/numerics';

/** The part of the addon used here; tests replace it. */
export type NumericsAddon = Pick<NativeAddon, 'numerics'>;

/**
 * Linear algebra and clustering on the addon's threads, one for each core: what `prune()`, `cluster()` and `factorize()`
 * take as `numerics` to be fast on large layers. What is passed is read when a call begins, and what is changed is written
 * when it ends; arrays over a SharedArrayBuffer are read and written as they are in between, without a copy. The event
 * loop is free meanwhile.
 *
 * Sums are of doubles, in another order than those of the implementation in TypeScript, so that results differ from its
 * own by rounding; clusters are the same bits. Neither depends on the number of threads. `svd()` gives U and V with columns
 * that are orthonormal up to 1e-13, and U diag(s) V^T that is A up to 1e-13 of the largest singular value, for matrices of
 * any rank and of sizes up to some thousands.
 *
 * An array that a call changes and that is transferred or resized before it ends is `ERR_TRT_ARG_VALUE` then.
 *
 * @throws {TensorRTError} `ERR_TRT_LOAD_ADDON` if the addon does not load.
 * @example
 * ```ts
 * const numerics = await nativeNumerics();
 * const { s } = await numerics.svd(Float64Array.of(3, 0, 4, 5), { rows: 2, columns: 2 });
 * ```
 */
export async function nativeNumerics(): Promise<Numerics> {
  return numericsOf(openAddon);
}

/** {@link nativeNumerics} with another addon, for tests. */
export async function numericsOf(source: () => NumericsAddon | Promise<NumericsAddon>): Promise<Numerics> {
  // Loaded when asked for: importing the package must cost next to nothing.
  const [{ numerics }, checks, { EXACT_LIMIT, EXACT_MOST }] = await Promise.all([
    source(),
    import('../numerics/check-arguments.js'),
    import('../numerics/numerics.js'),
  ]);
  return new AddonNumerics(numerics, checks, { exactLimit: EXACT_LIMIT, exactMost: EXACT_MOST });
}

class AddonNumerics implements Numerics {
  readonly name = 'native';

  constructor(
    private readonly native: NativeNumerics,
    private readonly checks: typeof argumentChecks,
    private readonly limits: { readonly exactLimit: number; readonly exactMost: number },
  ) {}

  async addGram(gram: Float64Array, samples: Float32Array, size: number): Promise<void> {
    this.checks.checkGram(gram, samples, size);
    return explained(this.native.addGram(gram, samples, size));
  }

  async addCrossProduct(
    product: Float64Array,
    x: Float32Array,
    y: Float32Array,
    sizes: { readonly left: number; readonly right: number },
  ): Promise<void> {
    this.checks.checkCrossProduct(product, x, y, sizes);
    return explained(this.native.addCrossProduct(product, x, y, sizes.left, sizes.right));
  }

  async multiply(a: Float64Array, b: Float64Array, shape: ProductShape): Promise<Float64Array> {
    this.checks.checkProduct(a, b, shape);
    const { rows, inner, columns, transposeA = false, transposeB = false } = shape;
    const product = new Float64Array(rows * columns);
    await explained(this.native.multiply(a, b, product, rows, inner, columns, transposeA, transposeB));
    return product;
  }

  async cholesky(a: Float64Array, size: number): Promise<boolean> {
    this.checks.checkCholesky(a, size);
    return explained(this.native.cholesky(a, size));
  }

  async solveTriangular(
    l: Float64Array,
    b: Float64Array,
    sizes: { readonly size: number; readonly columns: number; readonly transposed?: boolean },
  ): Promise<void> {
    this.checks.checkTriangular(l, b, sizes);
    return explained(this.native.solveTriangular(l, b, sizes.size, sizes.columns, sizes.transposed ?? false));
  }

  async svd(
    a: Float64Array,
    sizes: { readonly rows: number; readonly columns: number },
  ): Promise<SingularValues> {
    this.checks.checkSvd(a, sizes);
    const { rows, columns } = sizes;
    const count = Math.min(rows, columns);
    const u = new Float64Array(rows * count);
    const s = new Float64Array(count);
    const vt = new Float64Array(count * columns);
    await explained(this.native.svd(a, u, s, vt, rows, columns));
    return { u, s, vt };
  }

  async kMeans(values: Float32Array, options: KMeansOptions): Promise<Clusters> {
    this.checks.checkKMeans(values, options);
    const { weights, seed = 0, method = 'auto' } = options;
    const clusters = Math.min(options.clusters, values.length);
    const centers = new Float32Array(clusters);
    const indices = new Uint16Array(values.length);
    const request = { clusters, seed, method, ...this.limits };
    const found = await explained(this.native.kMeans(values, weights, centers, indices, request));
    return { centers: centers.slice(0, found.clusters), indices, error: found.error };
  }
}

/** With the code and the hint of the table. */
async function explained<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw fromNativeError(error, 'ERR_TRT_RUN_FAILED');
  }
}
