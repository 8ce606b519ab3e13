// SPDX-License-Identifier: Apache-2.0
import type { Numerics } from '../../numerics/numerics';

/**
 * The upper triangular U with `U^T U = H^-1` of a symmetric, positive definite H: what is lost by setting weights to zero
 * in turn, and what those behind them make up for it with. With the order of rows and columns turned round, H = R R^T
 * with R upper triangular is an ordinary Cholesky factorisation, and U = R^-1.
 *
 * @param h - `[size, size]`, not changed.
 * @returns undefined if H is not positive definite
 */
export async function inverseFactor(
  h: Float64Array,
  size: number,
  numerics: Numerics,
): Promise<Float64Array | undefined> {
  // Turning both orders of a square row-major matrix round turns its elements round.
  const turned = h.slice().reverse();
  if (!(await numerics.cholesky(turned, size))) return undefined;
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) inverse[i * size + i] = 1;
  await numerics.solveTriangular(turned, inverse, { size, columns: size });
  return inverse.reverse();
}

/** Diagonal of `H^-1` from its factor. */
export function inverseDiagonal(factor: Float64Array, size: number): Float64Array {
  const diagonal = new Float64Array(size);
  for (let i = 0; i < size; i++) for (let j = i; j < size; j++) diagonal[j]! += factor[i * size + j]! ** 2;
  return diagonal;
}
