// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdint.h>

#include "ops/scores/rows.h"

namespace trtn::ops::scores {

constexpr int kMostBest = 1024;

/// The k first of each row by RankOf(). `values` gets them as they are, or as softmax of the whole row gives
/// them; it may be null, then only `indices` is written.
struct TopKArguments {
  const void* in;
  void* values;
  int32_t* indices;
  int64_t rows, columns;
  int32_t k;
  int32_t probabilities;
  float scale;
  ScoreType out_type;
};

}  // namespace trtn::ops::scores
