// SPDX-License-Identifier: Apache-2.0
//
// What the operators on rows of scores share: how a row is summed, how its elements are ordered, how results
// are stored. A row is summed over LanesFor() strided lanes, lane i taking elements i, i + lanes, i + 2 *
// lanes ..., and the lanes by halves: lane i takes lane i + lanes / 2, then i + lanes / 4 and so on. Kernel
// and twin do the same.
#pragma once

#include <stdint.h>

#include "ops/element.h"
#include "ops/exp_log.h"
#include "ops/prelude.h"

namespace trtn::ops::scores {

/// Threads of a block of every kernel on rows; also the most lanes of a row.
constexpr int kRowThreads = 256;
constexpr int kFewLanes = 32;
/// A short row keeps one warp busy, and a block works on eight of them.
TRTN_HD int LanesFor(int64_t columns) { return columns <= 1024 ? kFewLanes : kRowThreads; }

/// Floats that operators on scores take and give.
enum class ScoreType : int32_t { kFloat32, kFloat16, kBFloat16 };

TRTN_HD void StoreScore(void* to, int64_t index, ScoreType type, float value) {
  if (type == ScoreType::kFloat32) {
    static_cast<float*>(to)[index] = Canonical(value);
  } else if (type == ScoreType::kFloat16) {
    static_cast<Half*>(to)[index] = FromFloat<Half>(value);
  } else {
    static_cast<BFloat16*>(to)[index] = FromFloat<BFloat16>(value);
  }
}

constexpr int32_t kLowestKey = static_cast<int32_t>(0x80000000u);
constexpr int32_t kNanKey = 0x7fffffff;

/// Numbers in their order, as integers: NaN above all, -0 equal to 0.
TRTN_HD int32_t KeyOf(float x) {
  const uint32_t bits = BitsOf(x + 0.0f);
  const uint32_t sign = 0u - (bits >> 31);
  const uint32_t nan = 0u - static_cast<uint32_t>(static_cast<int32_t>(bits & 0x7fffffffu) > 0x7f800000);
  const uint32_t key = bits ^ (sign & 0x7fffffffu);
  return static_cast<int32_t>((key & ~nan) | (static_cast<uint32_t>(kNanKey) & nan));
}

/// The number of a key; the quiet NaN for kNanKey and for kLowestKey, which no number has.
TRTN_HD float NumberOf(int32_t key) {
  const uint32_t bits = static_cast<uint32_t>(key);
  return Canonical(FromBits(key < 0 ? bits ^ 0x7fffffffu : bits));
}

/// Orders elements of a row, no two alike: the larger key first, then the lower index.
TRTN_HD uint64_t RankOf(int32_t key, int64_t index) {
  const uint32_t high = static_cast<uint32_t>(key) ^ 0x80000000u;
  return (static_cast<uint64_t>(high) << 32) | (0xffffffffu - static_cast<uint32_t>(index));
}
TRTN_HD int32_t IndexOf(uint64_t rank) {
  return static_cast<int32_t>(0xffffffffu - static_cast<uint32_t>(rank));
}
TRTN_HD int32_t KeyOfRank(uint64_t rank) {
  return static_cast<int32_t>(static_cast<uint32_t>(rank >> 32) ^ 0x80000000u);
}

/// What softmax sums; `largest` is finite and not below x.
TRTN_HD float ShiftedExp(float x, float largest, float scale) {
  return ExpOfNotPositive((x - largest) * scale);
}

/// The sum; NaN for a row that has no softmax: with NaN or infinity, or of nothing but -infinity.
TRTN_HD float SumOrNan(float sum, float largest) {
  return MagnitudeOf(largest) < 0x7f800000 ? sum : FromBits(kQuietNan);
}

}  // namespace trtn::ops::scores
