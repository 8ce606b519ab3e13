// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ops/simd.h"

namespace trtn::numerics {

/// Four doubles: a register of AVX2, two of every other machine. Reads and writes at any address of a double.
/// Not a parameter or a result of any function: how it is passed depends on the machine.
typedef double Four __attribute__((vector_size(32), aligned(8), may_alias));

constexpr int kLanes = 4;

/// Doubles from the beginning of a line of the cache on: vectors that cross two lines take twice as long.
/// Zeros at first.
class LineAligned {
 public:
  explicit LineAligned(int64_t count) : memory_(static_cast<size_t>(count) + kLine - 1) {
    const size_t behind = reinterpret_cast<uintptr_t>(memory_.data()) / sizeof(double) % kLine;
    data_ = memory_.data() + (kLine - behind) % kLine;
  }
  LineAligned(const LineAligned&) = delete;
  LineAligned& operator=(const LineAligned&) = delete;
  double* data() { return data_; }

 private:
  static constexpr size_t kLine = 64 / sizeof(double);
  std::vector<double> memory_;
  double* data_;
};

}  // namespace trtn::numerics
