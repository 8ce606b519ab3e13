// SPDX-License-Identifier: Apache-2.0
//
// An element of one type as an element of another: the nearest that there is, rounded once. A number travels
// in the smallest carrier that holds its type exactly, so that 15 types need 15 + 3 x 15 conversions and not
// 15 x 15.
#pragma once

#include <stdint.h>

#include "ops/element.h"
#include "ops/prelude.h"

namespace trtn::ops {

/// ElementType of core/tensor.h, for code that GPU compilers read without a C++ library; the same numbers.
enum class ElementCode : int32_t {
  kFloat32 = 0,
  kFloat16 = 1,
  kBFloat16 = 2,
  kFloat64 = 3,
  kInt8 = 4,
  kUInt8 = 5,
  kInt16 = 6,
  kUInt16 = 7,
  kInt32 = 8,
  kUInt32 = 9,
  kInt64 = 10,
  kUInt64 = 11,
  kBool = 12,
  kFloat8E4M3 = 14,
  kFloat8E5M2 = 15,
};

struct ConvertArguments {
  const void* from;
  void* to;
  int64_t count;
  float scale, zero_point;
  /// 1: Scaled(); 0: the number itself, exactly where the type can hold it.
  int32_t scaled;
  /// 1: both addresses allow accesses of 16 bytes.
  int32_t aligned;
  ElementCode from_type, to_type;
};

namespace convert {

/// An integer of up to 64 bits and a sign.
struct Wide {
  uint64_t magnitude;
  bool negative;
};

/// Integers from -kBelow to kMax.
template <class T>
struct Limits {
  static constexpr bool kInteger = false;
};
template <uint64_t kMaxValue, uint64_t kBelowZero>
struct IntegerLimits {
  static constexpr bool kInteger = true;
  static constexpr uint64_t kMax = kMaxValue;
  static constexpr uint64_t kBelow = kBelowZero;
};
template <>
struct Limits<int8_t> : IntegerLimits<127, 128> {};
template <>
struct Limits<uint8_t> : IntegerLimits<255, 0> {};
template <>
struct Limits<int16_t> : IntegerLimits<32767, 32768> {};
template <>
struct Limits<uint16_t> : IntegerLimits<65535, 0> {};
template <>
struct Limits<int32_t> : IntegerLimits<0x7fffffffu, 0x80000000u> {};
template <>
struct Limits<uint32_t> : IntegerLimits<0xffffffffu, 0> {};
template <>
struct Limits<int64_t> : IntegerLimits<0x7fffffffffffffffu, 0x8000000000000000u> {};
template <>
struct Limits<uint64_t> : IntegerLimits<0xffffffffffffffffu, 0> {};

template <class A, class B>
struct Same {
  static constexpr bool kValue = false;
};
template <class A>
struct Same<A, A> {
  static constexpr bool kValue = true;
};

/// The carrier that holds each number of a type exactly.
template <class T>
TRTN_HD float ToCarrier(T x) {
  return ToFloat(x);
}
TRTN_HD double ToCarrier(double x) { return x; }
TRTN_HD double ToCarrier(int32_t x) { return x; }
TRTN_HD double ToCarrier(uint32_t x) { return x; }
TRTN_HD Wide ToCarrier(uint64_t x) { return {x, false}; }
TRTN_HD Wide ToCarrier(int64_t x) {
  const uint64_t bits = static_cast<uint64_t>(x);
  return {x < 0 ? 0 - bits : bits, x < 0};
}

/// `nearest` moved towards zero if it is further from it than the number was, and its last bit set if it is
/// not the number: what rounds a second time to fewer bits then rounds as if it were the first.
TRTN_HD float RoundToOdd(float nearest, bool away, bool exact) {
  return FromBits((BitsOf(nearest) - (away ? 1u : 0u)) | (exact ? 0u : 1u));
}

TRTN_HD float ToFloatOdd(double x) {
  const float nearest = static_cast<float>(x);
  const double back = static_cast<double>(nearest);
  if (!(x == x) || back == x) return nearest;
  return RoundToOdd(nearest, x < 0.0 ? back < x : back > x, false);
}

TRTN_HD float ToFloatOdd(Wide x) {
  const float nearest = static_cast<float>(x.magnitude);
  const bool beyond = nearest >= 18446744073709551616.0f;
  const uint64_t back = beyond ? 0 : static_cast<uint64_t>(nearest);
  const bool exact = !beyond && back == x.magnitude;
  const float odd = RoundToOdd(nearest, beyond || back > x.magnitude, exact);
  return x.negative ? -odd : odd;
}

template <class To>
TRTN_HD To Saturate(uint64_t magnitude, bool negative) {
  const uint64_t limit = negative ? Limits<To>::kBelow : Limits<To>::kMax;
  const uint64_t inside = magnitude > limit ? limit : magnitude;
  return static_cast<To>(negative ? 0 - inside : inside);
}

template <class To>
TRTN_HD To FromCarrier(float x) {
  return FromFloat<To>(x);
}

template <class To>
TRTN_HD To FromCarrier(double x) {
  if constexpr (Same<To, double>::kValue) {
    return x;
  } else if constexpr (Same<To, float>::kValue) {
    return ToFloat(x);
  } else if constexpr (Same<To, Bool>::kValue) {
    return Bool{static_cast<uint8_t>(x != 0.0)};
  } else if constexpr (Limits<To>::kInteger) {
    const bool negative = x < 0.0;
    const double magnitude = element::RoundMagnitude(negative ? -x : x);
    // False for NaN too.
    if (!(magnitude < 18446744073709551616.0)) {
      return x == x ? Saturate<To>(0xffffffffffffffffu, negative) : static_cast<To>(0);
    }
    return Saturate<To>(static_cast<uint64_t>(magnitude), negative);
  } else {
    return FromFloat<To>(ToFloatOdd(x));
  }
}

template <class To>
TRTN_HD To FromCarrier(Wide x) {
  if constexpr (Same<To, double>::kValue || Same<To, float>::kValue) {
    const To magnitude = static_cast<To>(x.magnitude);
    return x.negative ? -magnitude : magnitude;
  } else if constexpr (Same<To, Bool>::kValue) {
    return Bool{static_cast<uint8_t>(x.magnitude != 0)};
  } else if constexpr (Limits<To>::kInteger) {
    return Saturate<To>(x.magnitude, x.negative);
  } else {
    return FromFloat<To>(ToFloatOdd(x));
  }
}

/// To the nearest integer, ties to even; keeps NaN, infinity and the sign of zero.
TRTN_HD float RoundNearest(float x) {
  const uint32_t sign = BitsOf(x) & 0x80000000u;
  return FromBits(BitsOf(element::RoundMagnitude(FromBits(BitsOf(x) & 0x7fffffffu))) | sign);
}

/// x * scale + zero_point in float32; for integers the product is rounded before the sum. NaN is the quiet
/// one.
template <class To>
TRTN_HD To Scaled(float x, float scale, float zero_point) {
  const float product = x * scale;
  if constexpr (Limits<To>::kInteger) return FromFloat<To>(RoundNearest(product) + zero_point);
  const float sum = product + zero_point;
  return FromFloat<To>(sum != sum ? FromBits(kQuietNan) : sum);
}

template <class From, class To>
TRTN_HD To ConvertOne(From x, const ConvertArguments& arguments) {
  if (arguments.scaled != 0) return Scaled<To>(ToFloat(x), arguments.scale, arguments.zero_point);
  return FromCarrier<To>(ToCarrier(x));
}

}  // namespace convert
}  // namespace trtn::ops
