// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdint.h>

#include "ops/scores/rows.h"

namespace trtn::ops::scores {

enum class MaskType : int32_t { kNone, kInt64, kInt32, kBool, kFloat32 };

/// in [rows, tokens, columns], mask [rows, tokens], out [rows, columns]: the sum of weight * token over the
/// tokens whose weight is not 0, first to last, by the sum of the weights.
struct MeanPoolArguments {
  const void* in;
  const void* mask;
  void* out;
  int64_t rows, tokens, columns;
  MaskType mask_type;
  ScoreType out_type;
};

TRTN_HD float WeightAt(const void* mask, MaskType type, int64_t index) {
  switch (type) {
    case MaskType::kInt64:
      return ToFloat(static_cast<const int64_t*>(mask)[index]);
    case MaskType::kInt32:
      return ToFloat(static_cast<const int32_t*>(mask)[index]);
    case MaskType::kBool:
      return ToFloat(static_cast<const Bool*>(mask)[index]);
    case MaskType::kFloat32:
      return static_cast<const float*>(mask)[index];
    default:
      return 1.0f;
  }
}

TRTN_HD float Mean(float sum, float weights) { return weights == 0.0f ? 0.0f : sum / weights; }

}  // namespace trtn::ops::scores
