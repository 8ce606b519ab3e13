// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "ops/workers.h"

namespace trtn::numerics {

/// Where a decomposition goes; row-major, `count` = min(rows, columns).
struct SvdResult {
  /// [rows, count]
  double* u;
  /// [count], descending.
  double* s;
  /// [count, columns]
  double* vt;
};

/// A = U diag(s) V^T for A [rows, columns], which must be finite. By bidiagonalisation and implicit QR steps,
/// as lib/numerics/singular-values.ts, in blocks and on several threads; the same bits on any number of them.
/// U and V are products of reflections and rotations: their columns are orthonormal to rounding (some 1e-14
/// for a size of 2048) whatever the rank is, and U diag(s) V^T is A up to some 1e-14 of the largest singular
/// value. What is smaller than rounding beside that counts as zero.
void SingularValues(ops::Workers& workers, const double* a, int64_t rows, int64_t columns,
                    const SvdResult& result);

}  // namespace trtn::numerics
