// SPDX-License-Identifier: Apache-2.0
//
// Rows of bytes from one place to another, each side with its own distance between rows: concatenation and
// splitting along any axis.
#pragma once

#include <stdint.h>

#include "ops/tensors/words.h"

namespace trtn::ops {

/// All sizes in words of the kernel's width.
struct CopyRowsArguments {
  const void* from;
  void* to;
  uint64_t rows, row_words, from_stride, to_stride;
};

/// What one thread does.
template <class Word>
TRTN_HD void CopyRows(const CopyRowsArguments& a, uint32_t block, uint32_t thread) {
  for (uint32_t round = 0; round < kMoverUnroll; round++) {
    uint64_t index = (static_cast<uint64_t>(block) * kMoverUnroll + round) * kMoverThreads + thread;
    if (index >= a.rows * a.row_words) return;
    const uint64_t column = TakeCoordinate(index, a.row_words);
    static_cast<Word*>(a.to)[index * a.to_stride + column] =
        static_cast<const Word*>(a.from)[index * a.from_stride + column];
  }
}

}  // namespace trtn::ops
