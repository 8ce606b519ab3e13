// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ops/workers.h"

namespace trtn::numerics {

/// A = Q B P^T with B upper bidiagonal.
struct Bidiagonal {
  /// [columns], and [columns - 1] above it.
  std::vector<double> diagonal, upper;
  /// Q is [rows, columns], P [columns, columns]; both have orthonormal columns.
  std::vector<double> q, p;
};

/// Reduces A [rows, columns], rows >= columns, by Householder reflections in panels, as LAPACK's gebrd does
/// (Dongarra, Sorensen and Hammarling, 1989): half of the work are products of matrices, the other half reads
/// all that is left of A twice for each column. Gives A's memory back on the way. Entries must be far from
/// overflow.
Bidiagonal Bidiagonalize(ops::Workers& workers, std::vector<double> a, int64_t rows, int64_t columns);

}  // namespace trtn::numerics
