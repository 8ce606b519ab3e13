// SPDX-License-Identifier: Apache-2.0
import {
  checkCholesky,
  checkCrossProduct,
  checkGram,
  checkKMeans,
  checkProduct,
  checkSvd,
  checkTriangular,
} from './check-arguments';
import { choleskyOf, solveTriangularOf } from './cholesky';
import { clustersOf } from './k-means';
import type { Numerics } from './numerics';
import { addCrossProductOf, addGramOf, productOf } from './products';
import { singularValuesOf } from './singular-values';

/** In TypeScript, on the calling thread: needs no addon, and is what the addon's results are compared with. */
export const referenceNumerics: Numerics = {
  name: 'reference',
  async addGram(gram, samples, size) {
    checkGram(gram, samples, size);
    addGramOf(gram, samples, size);
  },
  async addCrossProduct(product, x, y, sizes) {
    checkCrossProduct(product, x, y, sizes);
    addCrossProductOf(product, x, y, sizes);
  },
  async multiply(a, b, shape) {
    checkProduct(a, b, shape);
    return productOf(a, b, shape);
  },
  async cholesky(a, size) {
    checkCholesky(a, size);
    return choleskyOf(a, size);
  },
  async solveTriangular(l, b, sizes) {
    checkTriangular(l, b, sizes);
    solveTriangularOf(l, b, sizes);
  },
  async svd(a, sizes) {
    checkSvd(a, sizes);
    return singularValuesOf(a, sizes.rows, sizes.columns);
  },
  async kMeans(values, options) {
    checkKMeans(values, options);
    return clustersOf(values, options);
  },
};
