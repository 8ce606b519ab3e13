// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic that gives the same bits on host and device: nothing of libm or libdevice, and no contraction of
// a product and a sum into one rounding (-ffp-contract=off, nvcc -fmad=false).
#pragma once

#include <stdint.h>

#include "ops/prelude.h"

namespace trtn::ops {

/// The one NaN that results have. Which one a sum, a product or a conversion gives differs between
/// processors.
constexpr uint32_t kQuietNan = 0x7fc00000u;
constexpr uint64_t kQuietNan64 = 0x7ff8000000000000u;

#if TRTN_ON_DEVICE && !defined(__clang__)
TRTN_HD float Sqrt(float x) { return sqrtf(x); }
#else
TRTN_HD float Sqrt(float x) { return __builtin_sqrtf(x); }
#endif

/// NaN wins over numbers.
TRTN_HD float Max(float a, float b) { return a > b || a != a ? a : b; }
TRTN_HD float Clamp(float x, float low, float high) { return x < low ? low : (x > high ? high : x); }
TRTN_HD bool IsNan(float x) { return x != x; }

TRTN_HD uint32_t BitsOf(float x) {
  union {
    float number;
    uint32_t bits;
  } both;
  both.number = x;
  return both.bits;
}

TRTN_HD float FromBits(uint32_t bits) {
  union {
    uint32_t bits;
    float number;
  } both;
  both.bits = bits;
  return both.number;
}

TRTN_HD double FromBits64(uint64_t bits) {
  union {
    uint64_t bits;
    double number;
  } both;
  both.bits = bits;
  return both.number;
}

/// Steps through the coordinates of a dense index, the last axis fastest: divides by `size` and gives the
/// remainder. 64-bit division costs a GPU about five times as much as 32-bit division, so the short one is
/// used where it can be.
TRTN_HD uint64_t TakeCoordinate(uint64_t& index, uint64_t size) {
  uint64_t quotient;
  if ((index >> 32) == 0 && (size >> 32) == 0) {
    quotient = static_cast<uint32_t>(index) / static_cast<uint32_t>(size);
  } else {
    quotient = index / size;
  }
  const uint64_t coordinate = index - quotient * size;
  index = quotient;
  return coordinate;
}

}  // namespace trtn::ops
