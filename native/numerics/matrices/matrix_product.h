// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "ops/workers.h"

namespace trtn::numerics {

using ops::Workers;

/// A matrix in memory of somebody else: element (i, j) is at data[i * row_step + j * column_step].
template <class Element>
struct Strided {
  const Element* data;
  int64_t row_step;
  int64_t column_step;
  Strided Transposed() const { return {data, column_step, row_step}; }
  Strided At(int64_t i, int64_t j) const {
    return {data + i * row_step + j * column_step, row_step, column_step};
  }
};

/// C [rows, columns] = op(A) [rows, inner] times op(B) [inner, columns].
struct ProductSize {
  int64_t rows;
  int64_t inner;
  int64_t columns;
};

/// Which part of C is written.
enum class Part {
  kAll,
  /// On and above the diagonal, and in whole blocks some of what is below.
  kUpper,
  kLower
};

/// Adds `scale` A B to C, whose rows are `c_step` apart. Sums in double; each element of C is summed in the
/// same order on any number of threads, one for each 256 products. C overlaps neither A nor B.
void AddProduct(Workers& workers, ProductSize size, double scale, Strided<double> a, Strided<double> b,
                double* c, int64_t c_step, Part part = Part::kAll);
/// The same for samples in float, converted to double before they are multiplied.
void AddProduct(Workers& workers, ProductSize size, double scale, Strided<float> a, Strided<float> b,
                double* c, int64_t c_step, Part part = Part::kAll);

/// Adds X^T X to `gram` [size, size], both triangles; X is [count, size].
void AddGram(Workers& workers, double* gram, const float* samples, int64_t count, int64_t size);

}  // namespace trtn::numerics
