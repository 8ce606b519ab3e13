// SPDX-License-Identifier: Apache-2.0
//
// The element types that C++ has no number for, and how a number becomes an element: rounded to the nearest
// one (ties to even), the same bits on host and device.
//
//   to                  beyond its range        NaN
//   float32, float64    infinity (IEEE 754)     the quiet NaN; of the same type, as it was
//   float16, bfloat16   infinity (IEEE 754)     the quiet NaN 0x7e00, 0x7fc0
//   float8e4m3, e5m2    the largest number      0x7f
//   integers            the nearest integer     0
//   bool                true but for 0          true
//
// Reading a NaN of another type than float32 gives the quiet NaN 0x7fc00000: hardware does not agree on more.
// The host's way is arithmetic on bits without a branch, which compilers turn into vector code.
#pragma once

#include <stdint.h>

#include "ops/arithmetic.h"
#include "ops/prelude.h"

namespace trtn::ops {

struct Half {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};
/// 4 bits of exponent, 3 of mantissa, no infinity ("e4m3fn"): up to 448.
struct Float8E4M3 {
  uint8_t bits;
};
/// 5 bits of exponent, 2 of mantissa: up to 57,344, and infinity when read.
struct Float8E5M2 {
  uint8_t bits;
};
/// One byte; 0 is false, all others are true when read, 1 is written.
struct Bool {
  uint8_t bits;
};

namespace element {

/// Chooses without a branch, in a form that compilers turn into vector code.
TRTN_HD uint32_t Select(bool first, uint32_t a, uint32_t b) { return first ? a : b; }

/// A small IEEE format read as float32. `magnitude`: its exponent and mantissa moved to where those of
/// float32 are; `rebias`: difference of the exponents' offsets, in place; `special`: magnitude from which it
/// is infinity or NaN, 0xffffffff for none.
TRTN_HD uint32_t Widen(uint32_t magnitude, uint32_t rebias, uint32_t special) {
  const uint32_t smallest = rebias + 0x00800000u;
  const float denormal = FromBits(magnitude + smallest) - FromBits(smallest);
  const uint32_t number = Select(magnitude < 0x00800000u, BitsOf(denormal), magnitude + rebias);
  const uint32_t infinity_or_nan = Select(magnitude > special, kQuietNan, 0x7f800000u);
  return Select(magnitude >= special, infinity_or_nan, number);
}

/// The magnitude of a float32 rounded to a format of `mantissa` bits: exponent and mantissa in its low bits.
/// Numbers beyond the format come out larger than its largest. `denormals` is the float32 whose last bit is
/// worth as much as the format's smallest number: adding it makes the hardware round there.
TRTN_HD uint32_t Narrow(uint32_t magnitude, uint32_t mantissa, uint32_t rebias, uint32_t denormals) {
  const uint32_t shift = 23 - mantissa;
  const uint32_t small = BitsOf(FromBits(magnitude) + FromBits(denormals)) - denormals;
  const uint32_t half_less_one = (1u << (shift - 1)) - 1;
  const uint32_t number = (magnitude - rebias + half_less_one + ((magnitude >> shift) & 1)) >> shift;
  return Select(magnitude < rebias + 0x00800000u, small, number);
}

/// To the nearest integer, ties to even, for 0 <= x < 2^22 + 2^22: what the adder does when no bit is left
/// below 1.
TRTN_HD float RoundMagnitude(float x) { return x < 8388608.0f ? (x + 8388608.0f) - 8388608.0f : x; }
TRTN_HD double RoundMagnitude(double x) {
  return x < 4503599627370496.0 ? (x + 4503599627370496.0) - 4503599627370496.0 : x;
}

/// x if it is a number, else 0.
TRTN_HD float NumberOr0(float x) { return x != x ? 0.0f : x; }

/// For types of at most 16 bits: after clamping, the sum's low bits are the integer.
TRTN_HD int32_t ToSmallInteger(float x, float low, float high) {
  const float number = Clamp(NumberOr0(x), low, high);
  return static_cast<int32_t>(BitsOf(number + 12582912.0f)) - 0x4b400000;
}

}  // namespace element

TRTN_HD float ToFloat(float x) { return x; }
TRTN_HD float ToFloat(double x) { return x != x ? FromBits(kQuietNan) : static_cast<float>(x); }

TRTN_HD float ToFloat(Half x) {
#if TRTN_ON_DEVICE
  float number;
  asm("cvt.f32.f16 %0, %1;" : "=f"(number) : "h"(x.bits));
  return number != number ? FromBits(kQuietNan) : number;
#else
  const uint32_t magnitude = (x.bits & 0x7fffu) << 13;
  const uint32_t number = element::Widen(magnitude, 112u << 23, 0x0f800000u);
  const uint32_t sign = (x.bits & 0x8000u) << 16;
  return FromBits(number | element::Select(magnitude > 0x0f800000u, 0, sign));
#endif
}

TRTN_HD float ToFloat(BFloat16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  return FromBits(element::Select((bits & 0x7fffffffu) > 0x7f800000u, kQuietNan, bits));
}

TRTN_HD float ToFloat(Float8E4M3 x) {
  const uint32_t magnitude = (x.bits & 0x7fu) << 20;
  const uint32_t number = element::Widen(magnitude, 120u << 23, 0xffffffffu);
  const uint32_t sign = (x.bits & 0x80u) << 24;
  return FromBits(element::Select(magnitude == 0x07f00000u, kQuietNan, number | sign));
}

TRTN_HD float ToFloat(Float8E5M2 x) { return ToFloat(Half{static_cast<uint16_t>(x.bits << 8)}); }

TRTN_HD float ToFloat(Bool x) { return x.bits != 0 ? 1.0f : 0.0f; }
TRTN_HD float ToFloat(int8_t x) { return static_cast<float>(x); }
TRTN_HD float ToFloat(uint8_t x) { return static_cast<float>(x); }
TRTN_HD float ToFloat(int16_t x) { return static_cast<float>(x); }
TRTN_HD float ToFloat(uint16_t x) { return static_cast<float>(x); }
// Of more than 24 bits: to the nearest float32, ties to even.
TRTN_HD float ToFloat(int32_t x) { return static_cast<float>(x); }
TRTN_HD float ToFloat(uint32_t x) { return static_cast<float>(x); }
TRTN_HD float ToFloat(int64_t x) { return static_cast<float>(x); }
TRTN_HD float ToFloat(uint64_t x) { return static_cast<float>(x); }

/// FromFloat<T>(x): the element of type T that is nearest to x, by the table above.
template <class T>
TRTN_HD T FromFloat(float x);

template <>
TRTN_HD float FromFloat<float>(float x) {
  return x;
}

template <>
TRTN_HD double FromFloat<double>(float x) {
  return x != x ? FromBits64(kQuietNan64) : static_cast<double>(x);
}

template <>
TRTN_HD Half FromFloat<Half>(float x) {
#if TRTN_ON_DEVICE
  uint16_t bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
  return Half{x != x ? static_cast<uint16_t>(0x7e00) : bits};
#else
  const uint32_t magnitude = BitsOf(x) & 0x7fffffffu;
  const uint32_t number = element::Narrow(magnitude, 10, 112u << 23, 0x3f000000u);
  const uint32_t finite = element::Select(magnitude >= 0x47800000u, 0x7c00u, number);
  const uint32_t sign = (BitsOf(x) >> 16) & 0x8000u;
  return Half{static_cast<uint16_t>(element::Select(magnitude > 0x7f800000u, 0x7e00u, sign | finite))};
#endif
}

template <>
TRTN_HD BFloat16 FromFloat<BFloat16>(float x) {
  const uint32_t bits = BitsOf(x);
  const uint32_t number = (bits + 0x7fffu + ((bits >> 16) & 1)) >> 16;
  return BFloat16{
      static_cast<uint16_t>(element::Select((bits & 0x7fffffffu) > 0x7f800000u, 0x7fc0u, number))};
}

template <>
TRTN_HD Float8E4M3 FromFloat<Float8E4M3>(float x) {
  const uint32_t magnitude = BitsOf(x) & 0x7fffffffu;
  const uint32_t number = element::Narrow(magnitude, 3, 120u << 23, 0x46800000u);
  const uint32_t finite = element::Select(magnitude >= 0x43e00000u, 0x7eu, number);
  const uint32_t sign = (BitsOf(x) >> 24) & 0x80u;
  return Float8E4M3{static_cast<uint8_t>(element::Select(magnitude > 0x7f800000u, 0x7fu, sign | finite))};
}

template <>
TRTN_HD Float8E5M2 FromFloat<Float8E5M2>(float x) {
  const uint32_t magnitude = BitsOf(x) & 0x7fffffffu;
  const uint32_t number = element::Narrow(magnitude, 2, 112u << 23, 0x43000000u);
  const uint32_t finite = element::Select(magnitude >= 0x47600000u, 0x7bu, number);
  const uint32_t sign = (BitsOf(x) >> 24) & 0x80u;
  return Float8E5M2{static_cast<uint8_t>(element::Select(magnitude > 0x7f800000u, 0x7fu, sign | finite))};
}

template <>
TRTN_HD Bool FromFloat<Bool>(float x) {
  return Bool{static_cast<uint8_t>(x != 0.0f)};
}

template <>
TRTN_HD int8_t FromFloat<int8_t>(float x) {
  return static_cast<int8_t>(element::ToSmallInteger(x, -128.0f, 127.0f));
}

template <>
TRTN_HD uint8_t FromFloat<uint8_t>(float x) {
  return static_cast<uint8_t>(element::ToSmallInteger(x, 0.0f, 255.0f));
}

template <>
TRTN_HD int16_t FromFloat<int16_t>(float x) {
  return static_cast<int16_t>(element::ToSmallInteger(x, -32768.0f, 32767.0f));
}

template <>
TRTN_HD uint16_t FromFloat<uint16_t>(float x) {
  return static_cast<uint16_t>(element::ToSmallInteger(x, 0.0f, 65535.0f));
}

// The four wide ones: the largest float32 below the limit is an integer, so what is not beyond it can be
// cast.
template <>
TRTN_HD uint32_t FromFloat<uint32_t>(float x) {
  const float number = element::RoundMagnitude(x > 0.0f ? x : 0.0f);
  return number >= 4294967296.0f ? 0xffffffffu : static_cast<uint32_t>(number);
}

template <>
TRTN_HD int32_t FromFloat<int32_t>(float x) {
  const float number = element::NumberOr0(x);
  const float magnitude = element::RoundMagnitude(number < 0.0f ? -number : number);
  const uint32_t whole = magnitude >= 2147483648.0f ? 0x80000000u : static_cast<uint32_t>(magnitude);
  if (number < 0.0f) return static_cast<int32_t>(0u - whole);
  return whole == 0x80000000u ? 0x7fffffff : static_cast<int32_t>(whole);
}

template <>
TRTN_HD uint64_t FromFloat<uint64_t>(float x) {
  const float number = element::RoundMagnitude(x > 0.0f ? x : 0.0f);
  return number >= 18446744073709551616.0f ? 0xffffffffffffffffu : static_cast<uint64_t>(number);
}

template <>
TRTN_HD int64_t FromFloat<int64_t>(float x) {
  const float number = element::NumberOr0(x);
  const float magnitude = element::RoundMagnitude(number < 0.0f ? -number : number);
  const uint64_t limit = 0x8000000000000000u;
  const uint64_t whole = magnitude >= 9223372036854775808.0f ? limit : static_cast<uint64_t>(magnitude);
  if (number < 0.0f) return static_cast<int64_t>(0u - whole);
  return whole == limit ? static_cast<int64_t>(limit - 1) : static_cast<int64_t>(whole);
}

}  // namespace trtn::ops
