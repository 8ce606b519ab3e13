// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdint.h>

#include "ops/scores/rows.h"

namespace trtn::ops::scores {

/// x / max(norm of its row, epsilon).
struct NormalizeArguments {
  const void* in;
  void* out;
  int64_t rows, columns;
  float epsilon;
  ScoreType out_type;
};

/// queries [queries, columns], in [rows, columns] -> out [queries, rows]. The two are of one type.
struct SimilarityArguments {
  const void* queries;
  const void* in;
  void* out;
  int64_t query_count, rows, columns;
  float epsilon;
  ScoreType out_type;
};

/// A NaN norm stays one.
TRTN_HD float AtLeast(float norm, float epsilon) { return norm < epsilon ? epsilon : norm; }
TRTN_HD float NormOf(float squares, float epsilon) { return AtLeast(Sqrt(squares), epsilon); }
/// Divided twice: the product of two norms may be too large or too small for a float.
TRTN_HD float Cosine(float dot, float norm, float other_norm) { return dot / norm / other_norm; }

}  // namespace trtn::ops::scores
