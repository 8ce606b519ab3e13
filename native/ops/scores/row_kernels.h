// SPDX-License-Identifier: Apache-2.0
//
// For kernels on rows alone: a block is a number of groups of `lanes` threads, one row each.
#pragma once

#include "ops/scores/rows.h"

namespace trtn::ops::scores {

struct Adding {
  TRTN_DEVICE float operator()(float a, float b) const { return a + b; }
};
struct Larger {
  TRTN_DEVICE int32_t operator()(int32_t a, int32_t b) const { return a > b ? a : b; }
};

/// The combined values of a group, by halves; given to all of its threads. Reached by all threads of the
/// block.
template <class T, class Combine>
TRTN_DEVICE T CombineGroup(T* shared, int lanes, T value, Combine combine) {
  const int thread = static_cast<int>(trtn::gpu::ThreadX());
  const int lane = thread % lanes;
  shared[thread] = value;
  trtn::gpu::Barrier();
  for (int half = lanes / 2; half > 0; half /= 2) {
    if (lane < half) shared[thread] = combine(shared[thread], shared[thread + half]);
    trtn::gpu::Barrier();
  }
  const T result = shared[thread - lane];
  trtn::gpu::Barrier();
  return result;
}

/// The largest key of a row, given to all threads of the group. `columns` of 0 where the group has no row.
template <class Element>
TRTN_DEVICE int32_t LargestKey(int32_t* shared, int lanes, const Element* row, int64_t columns) {
  int32_t key = kLowestKey;
  for (int64_t i = static_cast<int>(trtn::gpu::ThreadX()) % lanes; i < columns; i += lanes) {
    const int32_t other = KeyOf(ToFloat(row[i]));
    key = other > key ? other : key;
  }
  return CombineGroup(shared, lanes, key, Larger{});
}

}  // namespace trtn::ops::scores
