// SPDX-License-Identifier: Apache-2.0
//
// Elements against a way of their own: a small format's numbers are written out from their definition,
// sorted, and the nearest to a number is looked up. lib/tensor/half.ts and NumPy agree in test/native/ops.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "core/error.h"
#include "ops/element.h"
#include "ops/element_dispatch.h"
#include "ops/tensors/convert.h"

namespace trtn::ops {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A binary format: `beyond` is what numbers too large for it become.
struct Format {
  int exponent_bits, mantissa_bits;
  bool has_infinity, saturates;
  uint32_t nan;
};
constexpr Format kHalf{5, 10, true, false, 0x7e00}, kBFloat16{8, 7, true, false, 0x7fc0},
    kE4M3{4, 3, false, true, 0x7f}, kE5M2{5, 2, true, true, 0x7f};

/// The number that bits without a sign stand for.
double ValueOf(const Format& format, uint32_t bits) {
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const int mantissa = static_cast<int>(bits & ((1u << format.mantissa_bits) - 1));
  const int exponent = static_cast<int>(bits >> format.mantissa_bits);
  const int last = (1 << format.exponent_bits) - 1, all = (1 << format.mantissa_bits) - 1;
  if (exponent == last && format.has_infinity) return mantissa == 0 ? kInfinity : std::nan("");
  if (exponent == last && mantissa == all) return std::nan("");
  if (exponent == 0) return std::ldexp(mantissa, 1 - bias - format.mantissa_bits);
  return std::ldexp(mantissa + all + 1, exponent - bias - format.mantissa_bits);
}

/// All finite numbers of a format from 0 up; the index is the bits.
std::vector<double> Numbers(const Format& format) {
  std::vector<double> numbers;
  for (uint32_t bits = 0; std::isfinite(ValueOf(format, bits)); bits++)
    numbers.push_back(ValueOf(format, bits));
  return numbers;
}

class Nearest {
 public:
  explicit Nearest(const Format& format) : format_(format), numbers_(Numbers(format)) {}

  uint32_t Of(double x) const {
    const uint32_t sign = std::signbit(x) ? 1u << (format_.exponent_bits + format_.mantissa_bits) : 0;
    if (std::isnan(x)) return format_.nan;
    const double magnitude = std::fabs(x);
    const uint32_t largest = static_cast<uint32_t>(numbers_.size() - 1);
    // As if the format went on: halfway to the next number and more is beyond.
    const double next = 2 * numbers_[largest] - numbers_[largest - 1];
    if (magnitude >= (numbers_[largest] + next) / 2)
      return sign | (format_.saturates ? largest : largest + 1);
    if (magnitude >= numbers_[largest]) return sign | largest;
    const auto above = std::upper_bound(numbers_.begin(), numbers_.end(), magnitude);
    const uint32_t high = static_cast<uint32_t>(above - numbers_.begin()), low = high - 1;
    const double to_low = magnitude - numbers_[low], to_high = numbers_[high] - magnitude;
    if (to_low != to_high) return sign | (to_low < to_high ? low : high);
    return sign | (low % 2 == 0 ? low : high);
  }

  /// Numbers, the middles between them, and the float32 beside those.
  std::vector<float> Edges() const {
    std::vector<float> edges;
    for (size_t i = 0; i + 1 < numbers_.size(); i++) {
      const float middle = static_cast<float>((numbers_[i] + numbers_[i + 1]) / 2);
      for (const float x : {static_cast<float>(numbers_[i]), middle, std::nextafter(middle, 0.0f),
                            std::nextafter(middle, std::numeric_limits<float>::infinity())}) {
        edges.push_back(x);
        edges.push_back(-x);
      }
    }
    return edges;
  }

 private:
  const Format format_;
  const std::vector<double> numbers_;
};

std::vector<float> ManyFloats() {
  std::vector<float> floats = {0.0f,
                               -0.0f,
                               INFINITY,
                               -INFINITY,
                               NAN,
                               -NAN,
                               65504.0f,
                               65519.996f,
                               65520.0f,
                               65536.0f,
                               448.0f,
                               463.99f,
                               464.0f,
                               480.0f,
                               57344.0f,
                               61440.0f,
                               3.4028235e38f,
                               1e-45f,
                               1.17549435e-38f,
                               FromBits(0x7f800001u),
                               FromBits(0x7f7f8000u),
                               FromBits(0x7f7f7fffu)};
  std::mt19937 random(7);
  for (int i = 0; i < 100000; i++) floats.push_back(FromBits(static_cast<uint32_t>(random())));
  return floats;
}

template <class T>
void ExpectNearest(const Format& format) {
  const Nearest nearest(format);
  std::vector<float> floats = nearest.Edges();
  const std::vector<float> more = ManyFloats();
  floats.insert(floats.end(), more.begin(), more.end());
  for (const float x : floats) {
    ASSERT_EQ(FromFloat<T>(x).bits, nearest.Of(x)) << std::hexfloat << x;
  }
}

template <class T>
void ExpectReads(const Format& format) {
  const uint32_t sign = 1u << (format.exponent_bits + format.mantissa_bits);
  for (uint32_t bits = 0; bits < sign; bits++) {
    using Bits = decltype(T::bits);
    const double value = ValueOf(format, bits);
    const float plus = ToFloat(T{static_cast<Bits>(bits)}),
                minus = ToFloat(T{static_cast<Bits>(bits | sign)});
    if (std::isnan(value)) {
      ASSERT_EQ(BitsOf(plus), 0x7fc00000u) << bits;
      ASSERT_EQ(BitsOf(minus), 0x7fc00000u) << bits;
    } else {
      ASSERT_EQ(BitsOf(plus), BitsOf(static_cast<float>(value))) << bits;
      ASSERT_EQ(BitsOf(minus), BitsOf(static_cast<float>(-value))) << bits;
    }
  }
}

TEST(OpsElement, ReadsEachElementOfTheSmallFormats) {
  ExpectReads<Half>(kHalf);
  ExpectReads<BFloat16>(kBFloat16);
  ExpectReads<Float8E4M3>(kE4M3);
  ExpectReads<Float8E5M2>(kE5M2);
}

TEST(OpsElement, WritesTheNearestElementTiesToEven) {
  ExpectNearest<Half>(kHalf);
  ExpectNearest<BFloat16>(kBFloat16);
  ExpectNearest<Float8E4M3>(kE4M3);
  ExpectNearest<Float8E5M2>(kE5M2);
}

/// With long double, which holds 64-bit integers; saturating.
template <class T>
T NearestInteger(long double x) {
  if (std::isnan(x)) return 0;
  const long double whole = std::nearbyint(x);
  if (whole >= static_cast<long double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  if (whole <= static_cast<long double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  return static_cast<T>(whole);
}

template <class T>
void ExpectIntegers() {
  std::vector<float> floats = ManyFloats();
  for (int i = -140000; i <= 140000; i++) floats.push_back(static_cast<float>(i) / 2);
  for (int power = 20; power < 66; power++) {
    const float x = std::ldexp(1.0f, power);
    for (const float y : {x, std::nextafter(x, 0.0f), std::nextafter(x, INFINITY), x + 0.5f}) {
      floats.push_back(y);
      floats.push_back(-y);
    }
  }
  for (const float x : floats) {
    ASSERT_EQ(FromFloat<T>(x), NearestInteger<T>(x)) << std::hexfloat << x;
    const double y = static_cast<double>(x) * (1.0 + 1.0 / (1ll << 40));
    ASSERT_EQ(convert::FromCarrier<T>(y), NearestInteger<T>(y)) << std::hexfloat << y;
  }
}

TEST(OpsElement, RoundsToIntegersAndSaturates) {
  ExpectIntegers<int8_t>();
  ExpectIntegers<uint8_t>();
  ExpectIntegers<int16_t>();
  ExpectIntegers<uint16_t>();
  ExpectIntegers<int32_t>();
  ExpectIntegers<uint32_t>();
  ExpectIntegers<int64_t>();
  ExpectIntegers<uint64_t>();
}

TEST(OpsElement, RoundsWideNumbersOnce) {
  const Nearest half(kHalf), bfloat(kBFloat16), e4m3(kE4M3), e5m2(kE5M2);
  std::mt19937_64 random(3);
  std::vector<uint64_t> integers = {
      0,       1,     0xffffffffffffffffu, 0x8000000000000000u, 0x7fffffffffffffffu,
      65519,   65520, 0x1010000000000001u, 0x0101000000000000u, 16842753,
      16842752};
  // Close to halfway between two bfloat16: rounded to float32 first, these become ties.
  for (int power = 26; power < 63; power++) {
    const uint64_t middle = (uint64_t{1} << power) + (uint64_t{1} << (power - 8));
    integers.insert(integers.end(), {middle - 1, middle, middle + 1});
  }
  for (int i = 0; i < 50000; i++) integers.push_back(random() >> (random() % 64));
  for (const uint64_t x : integers) {
    for (const convert::Wide wide : {convert::Wide{x, false}, convert::Wide{x, true}}) {
      // Exact in double once what rounding cannot see is one sticky bit.
      const double near = x < (uint64_t{1} << 52)
                              ? static_cast<double>(x)
                              : static_cast<double>((x & ~uint64_t{0xfff}) | ((x & 0xfff) != 0 ? 0x800 : 0));
      const double value = wide.negative ? -near : near;
      if (x == 0 && wide.negative) continue;
      ASSERT_EQ(convert::FromCarrier<Half>(wide).bits, half.Of(value)) << x;
      ASSERT_EQ(convert::FromCarrier<BFloat16>(wide).bits, bfloat.Of(value)) << x;
      ASSERT_EQ(convert::FromCarrier<Float8E4M3>(wide).bits, e4m3.Of(value)) << x;
      ASSERT_EQ(convert::FromCarrier<Float8E5M2>(wide).bits, e5m2.Of(value)) << x;
    }
  }
  for (int i = 0; i < 60000; i++) {
    const uint64_t bits = random();
    double x;
    std::memcpy(&x, &bits, sizeof(x));
    if (i % 2 == 0)
      x = std::ldexp(static_cast<double>(static_cast<int64_t>(bits)), -static_cast<int>(bits % 90));
    ASSERT_EQ(convert::FromCarrier<Half>(x).bits, half.Of(x)) << std::hexfloat << x;
    ASSERT_EQ(convert::FromCarrier<BFloat16>(x).bits, bfloat.Of(x)) << std::hexfloat << x;
    ASSERT_EQ(convert::FromCarrier<Float8E4M3>(x).bits, e4m3.Of(x)) << std::hexfloat << x;
  }
}

TEST(OpsElement, KnowsBooleans) {
  EXPECT_EQ(FromFloat<Bool>(0.0f).bits, 0);
  EXPECT_EQ(FromFloat<Bool>(-0.0f).bits, 0);
  EXPECT_EQ(FromFloat<Bool>(1e-45f).bits, 1);
  EXPECT_EQ(FromFloat<Bool>(NAN).bits, 1);
  EXPECT_EQ(ToFloat(Bool{7}), 1.0f);
  EXPECT_EQ(ToFloat(Bool{0}), 0.0f);
}

TEST(OpsElement, DispatchesByTypeAndRefusesThoseWithoutWholeBytes) {
  for (int i = 0; i < static_cast<int>(ElementType::kUnknown); i++) {
    const ElementType type = static_cast<ElementType>(i);
    if (ElementBits(type) % 8 != 0 || ElementBits(type) == 0) {
      EXPECT_THROW(ElementBytes(type), Error) << i;
      EXPECT_THROW(ElementSuffix(type), Error) << i;
    } else {
      EXPECT_EQ(ElementBytes(type), ElementBits(type) / 8) << i;
      EXPECT_NE(ElementSuffix(type)[0], '\0');
    }
  }
  EXPECT_THROW(WithFloatType(ElementType::kInt8, [](auto) { return 0; }), Error);
}

}  // namespace
}  // namespace trtn::ops
