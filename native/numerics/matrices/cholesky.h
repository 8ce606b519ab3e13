// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "ops/workers.h"

namespace trtn::numerics {

/// L with L L^T = A in the place of A [size, size], of which the lower triangle is read; zeros above the
/// diagonal. False, with A destroyed, if A is not positive definite.
bool Cholesky(ops::Workers& workers, double* a, int64_t size);

/// Solves L Y = B, or L^T Y = B, in the place of B [size, columns].
void SolveTriangular(ops::Workers& workers, const double* l, double* b, int64_t size, int64_t columns,
                     bool transposed);

}  // namespace trtn::numerics
