// SPDX-License-Identifier: Apache-2.0
//
// ONNX Pad: elements before and after each axis that are a constant, the nearest element, or the axis
// mirrored without its edge. Pads are not negative; a mirror reaches no further than the other edge.
#pragma once

#include <stdint.h>

#include "ops/prelude.h"
#include "ops/tensors/words.h"

namespace trtn::ops {

constexpr int32_t kMaxPadRank = 8;

enum class PadMode : int32_t { kConstant, kEdge, kReflect };

/// In words.
struct PadArguments {
  const void* from;
  void* to;
  uint64_t count;
  int32_t rank;
  PadMode mode;
  /// The constant, repeated to 16 bytes.
  Word16 value;
  uint64_t to_dims[kMaxPadRank], from_dims[kMaxPadRank], from_strides[kMaxPadRank], begins[kMaxPadRank];
};

namespace pad {

/// Where the input's axis has what belongs at `at` of the output's; -1: nowhere.
TRTN_HD int64_t Source(int64_t at, int64_t begin, int64_t dim, PadMode mode) {
  const int64_t inside = at - begin;
  if (inside >= 0 && inside < dim) return inside;
  if (mode == PadMode::kConstant) return -1;
  if (mode == PadMode::kEdge) return inside < 0 ? 0 : dim - 1;
  return inside < 0 ? -inside : 2 * (dim - 1) - inside;
}

/// Of the element at `index` of the output, looking at axes up to `last`; -1 for the constant.
TRTN_HD int64_t FromOffset(const PadArguments& a, uint64_t index, int32_t last) {
  int64_t offset = 0;
  for (int32_t axis = last; axis >= 0; axis--) {
    const int64_t at = static_cast<int64_t>(TakeCoordinate(index, a.to_dims[axis]));
    const int64_t source =
        Source(at, static_cast<int64_t>(a.begins[axis]), static_cast<int64_t>(a.from_dims[axis]), a.mode);
    if (source < 0) return -1;
    offset += source * static_cast<int64_t>(a.from_strides[axis]);
  }
  return offset;
}

template <class Word>
TRTN_HD Word ValueOf(const PadArguments& a) {
  return static_cast<Word>(a.value.low);
}
template <>
TRTN_HD Word16 ValueOf<Word16>(const PadArguments& a) {
  return a.value;
}

/// What one thread does.
template <class Word>
TRTN_HD void Words(const PadArguments& a, uint32_t block, uint32_t thread) {
  for (uint32_t round = 0; round < kMoverUnroll; round++) {
    const uint64_t index = (static_cast<uint64_t>(block) * kMoverUnroll + round) * kMoverThreads + thread;
    if (index >= a.count) return;
    const int64_t offset = FromOffset(a, index, a.rank - 1);
    static_cast<Word*>(a.to)[index] =
        offset < 0 ? ValueOf<Word>(a) : static_cast<const Word*>(a.from)[offset];
  }
}

}  // namespace pad
}  // namespace trtn::ops
