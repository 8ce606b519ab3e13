// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdint.h>

#include "ops/scores/rows.h"

namespace trtn::ops::scores {

/// softmax: e^((x - largest) * scale) / sum; its logarithm: (x - largest) * scale - ln(sum).
struct SoftmaxArguments {
  const void* in;
  void* out;
  int64_t rows, columns;
  float scale;
  ScoreType out_type;
  int32_t logarithm;
};

TRTN_HD float SoftmaxResult(const SoftmaxArguments& a, float x, float largest, float sum) {
  if (a.logarithm != 0) return (x - largest) * a.scale - Log(sum);
  return ShiftedExp(x, largest, a.scale) / sum;
}

}  // namespace trtn::ops::scores
