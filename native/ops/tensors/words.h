// SPDX-License-Identifier: Apache-2.0
//
// Elements as what they are to an operator that only moves them: 1, 2, 4, 8 or 16 bytes.
#pragma once

#include <stdint.h>

#include "ops/arithmetic.h"
#include "ops/prelude.h"

namespace trtn::ops {

/// The widest load and store of a GPU.
struct alignas(16) Word16 {
  uint64_t low, high;
};

/// Threads of a block of all kernels that move or convert elements.
constexpr uint32_t kMoverThreads = 256;
/// Words that each thread moves, one block's width apart: so many loads are under way at once.
constexpr uint32_t kMoverUnroll = 4;

/// The widest word that divides all of what was or-ed into `mixed`: addresses, strides, byte counts.
inline uint32_t WordBytes(uint64_t mixed) {
  for (uint32_t bytes = 16; bytes > 1; bytes /= 2) {
    if (mixed % bytes == 0) return bytes;
  }
  return 1;
}

inline uint64_t AddressOf(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

}  // namespace trtn::ops
