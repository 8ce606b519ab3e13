// SPDX-License-Identifier: Apache-2.0
//
// Exponential, logarithms and the logistic function in float32 that give the same bits on host and device:
// sums and products alone (and IEEE division in Sigmoid), each rounded once, and selections in place of
// branches, so that loops over them vectorise for the oldest x86-64 too. Polynomials are minimax fits of our
// own, errors measured against double over all floats (native/test/ops_exp_log_test.cc checks the bounds
// stated here).
//
// A NaN comes out as kQuietNan, whatever its bits were.
#pragma once

#include <stdint.h>

#include "ops/arithmetic.h"
#include "ops/prelude.h"

namespace trtn::ops {

constexpr uint32_t kInfinity = 0x7f800000u;

// Decisions are made on bits and with masks: where a comparison or a skipped product could trap, compilers
// keep the branch, and the loop does not become vector code.
TRTN_HD float Pick(bool so, float a, float b) {
  const uint32_t mask = 0u - static_cast<uint32_t>(so);
  return FromBits((BitsOf(a) & mask) | (BitsOf(b) & ~mask));
}
TRTN_HD int32_t MagnitudeOf(float x) { return static_cast<int32_t>(BitsOf(x) & 0x7fffffffu); }
TRTN_HD bool IsNegative(float x) { return static_cast<int32_t>(BitsOf(x)) < 0; }
TRTN_HD bool IsNanBits(float x) { return MagnitudeOf(x) > 0x7f800000; }

/// x, or the one NaN that results have.
TRTN_HD float Canonical(float x) { return Pick(IsNanBits(x), FromBits(kQuietNan), x); }

/// e^x = scaled * 2^power for x from -104 to 104.
struct ExpParts {
  float scaled;
  int32_t power;
};

TRTN_HD ExpParts SplitForExp(float x) {
  // Adding 1.5 * 2^23 rounds to an integer, ties to even, in an addition: baseline x86-64 has no instruction
  // for it.
  const float shift = 12582912.0f;
  const float shifted = x * 0x1.715476p+0f + shift;
  const float powers = shifted - shift;
  // ln 2 in two parts; the first has nine bits, so that its product is exact.
  float r = x - powers * 0.693359375f;
  r = r + powers * 0x1.bd0106p-13f;
  float q = 0x1.6a2342p-10f;
  q = q * r + 0x1.123a6cp-7f;
  q = q * r + 0x1.5558f4p-5f;
  q = q * r + 0x1.555490p-3f;
  q = q * r + 0x1.fffffcp-2f;
  return {(r * r) * q + r + 1.0f, static_cast<int32_t>(BitsOf(shifted) - 0x4b400000u)};
}

/// Exp() of what is a number; of a NaN, some number.
TRTN_HD float ExpOfNumber(float x) {
  // e^-104 is 0 and e^104 infinity by the arithmetic below.
  const int32_t magnitude = MagnitudeOf(x) > 0x42d00000 ? 0x42d00000 : MagnitudeOf(x);
  const ExpParts parts = SplitForExp(FromBits((BitsOf(x) & 0x80000000u) | static_cast<uint32_t>(magnitude)));
  // The power of two in two factors, each a normal number: the last product alone rounds.
  const int32_t half = parts.power >> 1;
  const float first = FromBits(static_cast<uint32_t>(half + 127) << 23);
  const float second = FromBits(static_cast<uint32_t>(parts.power - half + 127) << 23);
  return parts.scaled * first * second;
}

/// The bits of Exp() for x <= 0, in three quarters of the time; for anything else, some number or NaN.
TRTN_HD float ExpOfNotPositive(float x) {
  // Of negative numbers, those of larger magnitude have larger bits.
  const ExpParts parts = SplitForExp(FromBits(BitsOf(x) > 0xc2d00000u ? 0xc2d00000u : BitsOf(x)));
  return parts.scaled * FromBits(static_cast<uint32_t>(parts.power + 151) << 23) * 0x1p-24f;
}

/// e to the power x; at most 1 ulp off. Overflow (x > 88.7228) gives infinity, results below 2^-126 are
/// rounded to denormals (at most 1 ulp of those), below half of the smallest to 0. Exp(0) is 1,
/// Exp(-infinity) is 0.
TRTN_HD float Exp(float x) { return Pick(IsNanBits(x), FromBits(kQuietNan), ExpOfNumber(x)); }

/// What the logarithms share: x = 2^exponent * (1 + fraction) with 1 + fraction from sqrt(1/2) to sqrt(2),
/// and ln(1 + fraction) = fraction + tail.
struct LogParts {
  float exponent, fraction, tail;
};

TRTN_HD LogParts SplitForLog(float x) {
  const bool tiny = static_cast<int32_t>(BitsOf(x)) < 0x00800000;
  const uint32_t bits = BitsOf(Pick(tiny, x * 0x1p+24f, x));
  // Counted from the bits of sqrt(1/2), the exponent field is that of the power of two wanted.
  const int32_t offset = static_cast<int32_t>(bits - 0x3f3504f3u);
  const int32_t power = offset >> 23;
  const float f = FromBits(static_cast<uint32_t>((offset & 0x7fffff) + 0x3f3504f3)) - 1.0f;
  float p = 0x1.145614p-4f;
  p = p * f - 0x1.de3bb4p-4f;
  p = p * f + 0x1.e6f0f0p-4f;
  p = p * f - 0x1.fc2220p-4f;
  p = p * f + 0x1.233762p-3f;
  p = p * f - 0x1.555c4cp-3f;
  p = p * f + 0x1.99a4b6p-3f;
  p = p * f - 0x1.000006p-2f;
  p = p * f + 0x1.555548p-2f;
  const float square = f * f;
  return {static_cast<float>(power - (tiny ? 24 : 0)), f, (f * square) * p - 0.5f * square};
}

/// `value`, but for the numbers without a finite logarithm: 0 gives -infinity, below 0 NaN, infinity itself.
TRTN_HD float LogOrSpecial(float x, float value) {
  const float number = Pick(MagnitudeOf(x) == 0x7f800000, x, value);
  const float known = Pick(IsNegative(x) || IsNanBits(x), FromBits(kQuietNan), number);
  return Pick(MagnitudeOf(x) == 0, FromBits(kInfinity | 0x80000000u), known);
}

/// The natural logarithm; at most 1 ulp off, denormals as any other number. Log(0) and Log(-0) are -infinity,
/// Log(1) is 0, of a negative number NaN.
TRTN_HD float Log(float x) {
  const LogParts parts = SplitForLog(x);
  const float low = parts.tail + parts.exponent * -0x1.bd0106p-13f;
  return LogOrSpecial(x, (parts.fraction + low) + parts.exponent * 0.693359375f);
}

/// The logarithm to base 10; at most 2 ulp off, special values as Log().
TRTN_HD float Log10(float x) {
  const LogParts parts = SplitForLog(x);
  // 1 / ln 10 and log10 2 in two parts each. The first parts are short, and so is that of the fraction: their
  // products are exact.
  const float high = FromBits(BitsOf(parts.fraction) & 0xfffff000u);
  const float rest = (parts.fraction - high) + parts.tail;
  const float low = rest * 0x1.bcb7b2p-2f + high * 0x1.bd8a94p-13f + parts.exponent * 0x1.3509f8p-18f;
  return LogOrSpecial(x, (low + high * 0x1.bc8p-2f) + parts.exponent * 0x1.344p-2f);
}

/// 1 / (1 + e^-x); at most 2 ulp off. No overflow: 0 for -infinity, 1 for infinity.
TRTN_HD float Sigmoid(float x) {
  const float small = ExpOfNumber(FromBits(BitsOf(x) | 0x80000000u));
  const float sum = 1.0f + small;
  const float lost = small - (sum - 1.0f);
  const float quotient = Pick(IsNegative(x), small, 1.0f) / sum;
  // What rounding took from the sum, to first order; 1 / sum is the quotient or what it lacks to 1.
  const float whole = FromBits((BitsOf(x) >> 31) * 0x3f800000u);
  const float inverse = FromBits(BitsOf(whole - quotient) & 0x7fffffffu);
  return Pick(IsNanBits(x), FromBits(kQuietNan), quotient - (quotient * inverse) * lost);
}

}  // namespace trtn::ops
