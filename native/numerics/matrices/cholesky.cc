// SPDX-License-Identifier: Apache-2.0
// Block by block: the diagonal block by itself, what is below or right of it by that, the rest by a product.
#include "numerics/matrices/cholesky.h"

#include <algorithm>
#include <cmath>

#include "numerics/matrices/matrix_product.h"
#include "numerics/matrices/simd.h"

namespace trtn::numerics {
namespace {

constexpr int64_t kBlock = 64;
/// Right-hand sides that one thread treats at a time: a block of them stays in the first cache.
constexpr int64_t kSides = 64;

/// y -= scale x
TRTN_SIMD_CLONES void SubtractScaled(double* TRTN_RESTRICT y, const double* TRTN_RESTRICT x, double scale,
                                     int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] -= scale * x[i];
}

bool FactorDiagonalBlock(double* a, int64_t step, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      double rest = a[i * step + j];
      for (int64_t k = 0; k < j; ++k) rest -= a[i * step + k] * a[j * step + k];
      if (j < i) {
        a[i * step + j] = rest / a[j * step + j];
        continue;
      }
      // Said this way round so that NaN is refused.
      if (!(rest > 0 && std::isfinite(rest))) return false;
      a[i * step + i] = std::sqrt(rest);
    }
  }
  return true;
}

/// Solves X L^T = A for `count` rows of `size` elements, in their place: side by side, so that one step
/// treats all.
void SolveRows(const double* l, int64_t step, double* rows, int64_t count, int64_t size) {
  double sides[kBlock * kSides];
  for (int64_t r = 0; r < count; ++r) {
    for (int64_t k = 0; k < size; ++k) sides[k * kSides + r] = rows[r * step + k];
  }
  for (int64_t j = 0; j < size; ++j) {
    double* side = sides + j * kSides;
    for (int64_t k = 0; k < j; ++k) SubtractScaled(side, sides + k * kSides, l[j * step + k], count);
    for (int64_t r = 0; r < count; ++r) side[r] /= l[j * step + j];
  }
  for (int64_t r = 0; r < count; ++r) {
    for (int64_t k = 0; k < size; ++k) rows[r * step + k] = sides[k * kSides + r];
  }
}

/// Solves with the triangle of one block, for all right-hand sides.
void SolveBlock(Workers& workers, const double* l, double* b, int64_t size, int64_t first, int64_t count,
                int64_t columns, bool transposed) {
  workers.ParallelFor((columns + kSides - 1) / kSides, 1, [&](int64_t begin, int64_t end) {
    const int64_t left = begin * kSides, width = std::min(end * kSides, columns) - left;
    for (int64_t step = 0; step < count; ++step) {
      const int64_t i = first + (transposed ? count - 1 - step : step);
      double* row = b + i * columns + left;
      for (int64_t done = 0; done < step; ++done) {
        const int64_t j = first + (transposed ? count - 1 - done : done);
        SubtractScaled(row, b + j * columns + left, transposed ? l[j * size + i] : l[i * size + j], width);
      }
      for (int64_t c = 0; c < width; ++c) row[c] /= l[i * size + i];
    }
  });
}

}  // namespace

bool Cholesky(Workers& workers, double* a, int64_t size) {
  for (int64_t first = 0; first < size; first += kBlock) {
    const int64_t block = std::min(kBlock, size - first), next = first + block;
    double* diagonal = a + first * size + first;
    if (!FactorDiagonalBlock(diagonal, size, block)) return false;
    for (int64_t i = first; i < next; ++i) std::fill(a + i * size + i + 1, a + (i + 1) * size, 0.0);
    workers.ParallelFor((size - next + kSides - 1) / kSides, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = next + begin * kSides; i < std::min(next + end * kSides, size); i += kSides)
        SolveRows(diagonal, size, a + i * size + first, std::min(kSides, size - i), block);
    });
    const Strided<double> below{a + next * size + first, size, 1};
    AddProduct(workers, {size - next, block, size - next}, -1, below, below.Transposed(),
               a + next * size + next, size, Part::kLower);
  }
  return true;
}

void SolveTriangular(Workers& workers, const double* l, double* b, int64_t size, int64_t columns,
                     bool transposed) {
  if (columns == 0) return;
  for (int64_t done = 0; done < size; done += kBlock) {
    const int64_t block = std::min(kBlock, size - done);
    const int64_t first = transposed ? size - done - block : done;
    SolveBlock(workers, l, b, size, first, block, columns, transposed);
    const Strided<double> known{b + first * columns, columns, 1};
    if (transposed) {
      const Strided<double> left{l + first * size, size, 1};
      AddProduct(workers, {first, block, columns}, -1, left.Transposed(), known, b, columns);
    } else {
      const int64_t next = first + block;
      const Strided<double> below{l + next * size + first, size, 1};
      AddProduct(workers, {size - next, block, columns}, -1, below, known, b + next * columns, columns);
    }
  }
}

}  // namespace trtn::numerics
