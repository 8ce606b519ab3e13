// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic that gives the same bits on host and device: nothing of libm or libdevice, and no contraction of
// a product and a sum into one rounding (-ffp-contract=off, nvcc -fmad=false) unless Fma() says so.
#pragma once

#include <stdint.h>

#include "ops/prelude.h"

namespace trtn::ops {

#if TRTN_ON_DEVICE && !defined(__clang__)
TRTN_HD float Floor(float x) { return floorf(x); }
TRTN_HD float Ceil(float x) { return ceilf(x); }
TRTN_HD float RoundEven(float x) { return rintf(x); }
TRTN_HD float Sqrt(float x) { return sqrtf(x); }
TRTN_HD float Fma(float a, float b, float c) { return fmaf(a, b, c); }
#else
TRTN_HD float Floor(float x) { return __builtin_floorf(x); }
TRTN_HD float Ceil(float x) { return __builtin_ceilf(x); }
/// To the nearest integer, ties to even.
TRTN_HD float RoundEven(float x) { return __builtin_rintf(x); }
TRTN_HD float Sqrt(float x) { return __builtin_sqrtf(x); }
/// a * b + c, rounded once.
TRTN_HD float Fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
#endif

/// NaN wins over numbers.
TRTN_HD float Min(float a, float b) { return a < b || a != a ? a : b; }
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

}  // namespace trtn::ops
