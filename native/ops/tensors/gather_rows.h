// SPDX-License-Identifier: Apache-2.0
//
// out[i] = x[indices[i]], a row being all that lies behind the first axis. A row that x does not have is
// zeros: the host does not know the indices that lie on a device. The CPU twin refuses it before it writes
// anything.
#pragma once

#include <stdint.h>

#include "ops/tensors/words.h"

namespace trtn::ops {

/// Sizes in words of the kernel's width.
struct GatherRowsArguments {
  const void* from;
  const void* indices;
  void* to;
  uint64_t rows, row_words, wanted;
  /// 8 for int64, else int32.
  int32_t index_bytes;
};

namespace gather {

TRTN_HD int64_t IndexAt(const GatherRowsArguments& a, uint64_t position) {
  return a.index_bytes == 8 ? static_cast<const int64_t*>(a.indices)[position]
                            : static_cast<const int32_t*>(a.indices)[position];
}

/// False for negative ones too.
TRTN_HD bool IsRow(const GatherRowsArguments& a, int64_t row) { return static_cast<uint64_t>(row) < a.rows; }

/// What one thread does.
template <class Word>
TRTN_HD void Rows(const GatherRowsArguments& a, uint32_t block, uint32_t thread) {
  for (uint32_t round = 0; round < kMoverUnroll; round++) {
    const uint64_t index = (static_cast<uint64_t>(block) * kMoverUnroll + round) * kMoverThreads + thread;
    if (index >= a.wanted * a.row_words) return;
    uint64_t position = index;
    const uint64_t column = TakeCoordinate(position, a.row_words);
    const int64_t row = IndexAt(a, position);
    Word word{};
    if (IsRow(a, row))
      word = static_cast<const Word*>(a.from)[static_cast<uint64_t>(row) * a.row_words + column];
    static_cast<Word*>(a.to)[index] = word;
  }
}

}  // namespace gather
}  // namespace trtn::ops
