// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "ops/exp_log.h"

namespace trtn::ops {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// The distance of two neighbouring floats at `exact`.
double UlpAt(double exact) {
  if (std::fabs(exact) < 0x1p-126) return 0x1p-149;
  int exponent = 0;
  std::frexp(exact, &exponent);
  return std::ldexp(1.0, exponent - 24);
}

/// The largest error in ulp against double over every `kStep`-th float of all binades: a prime, so that all
/// patterns of low bits come up.
template <class Function, class Exact>
double WorstError(Function function, Exact exact, float low, float high) {
  constexpr uint64_t kStep = 9973;
  double worst = 0;
  for (uint64_t bits = 0; bits <= 0xffffffffu; bits += kStep) {
    const float x = FromBits(static_cast<uint32_t>(bits));
    if (!(x >= low && x <= high)) continue;
    const double wanted = exact(static_cast<double>(x));
    const float got = function(x);
    if (std::isinf(got) && wanted >= 0x1.ffffffp+127) continue;
    worst = std::max(worst, std::fabs(got - wanted) / UlpAt(wanted));
  }
  return worst;
}

constexpr float kLargest = std::numeric_limits<float>::max();

TEST(OpsExpLogTest, ErrorsStayWithinWhatTheHeaderStates) {
  EXPECT_LE(WorstError(Exp, [](double x) { return std::exp(x); }, -kLargest, 100), 1.0);
  EXPECT_LE(WorstError(Log, [](double x) { return std::log(x); }, 0x1p-149f, kLargest), 1.0);
  EXPECT_LE(WorstError(Log10, [](double x) { return std::log10(x); }, 0x1p-149f, kLargest), 2.0);
  EXPECT_LE(WorstError(Sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }, -kLargest, kLargest), 2.0);
}

TEST(OpsExpLogTest, ExpOfSpecialNumbers) {
  EXPECT_EQ(Exp(0.0f), 1.0f);
  EXPECT_EQ(Exp(-0.0f), 1.0f);
  EXPECT_EQ(Exp(-kInf), 0.0f);
  EXPECT_EQ(Exp(kInf), kInf);
  EXPECT_EQ(Exp(88.73f), kInf);
  EXPECT_TRUE(std::isfinite(Exp(88.7228f)));
  EXPECT_EQ(Exp(-103.9f), 0x1p-149f);
  EXPECT_EQ(Exp(-104.0f), 0.0f);
  EXPECT_EQ(Exp(0x1p-149f), 1.0f);
}

TEST(OpsExpLogTest, TheShortWayForNotPositiveNumbersHasTheSameBits) {
  for (uint64_t bits = 0x80000000u; bits <= 0xff800000u; bits += 1009) {
    const float x = FromBits(static_cast<uint32_t>(bits));
    ASSERT_EQ(BitsOf(ExpOfNotPositive(x)), BitsOf(Exp(x))) << x;
  }
  EXPECT_EQ(ExpOfNotPositive(0.0f), 1.0f);
  EXPECT_EQ(ExpOfNotPositive(-kInf), 0.0f);
}

TEST(OpsExpLogTest, LogOfSpecialNumbers) {
  for (auto log : {Log, Log10}) {
    EXPECT_EQ(log(1.0f), 0.0f);
    EXPECT_FALSE(std::signbit(log(1.0f)));
    EXPECT_EQ(log(0.0f), -kInf);
    EXPECT_EQ(log(-0.0f), -kInf);
    EXPECT_EQ(log(kInf), kInf);
    EXPECT_EQ(BitsOf(log(-1.0f)), kQuietNan);
    EXPECT_EQ(BitsOf(log(-kInf)), kQuietNan);
    EXPECT_EQ(BitsOf(log(-0x1p-149f)), kQuietNan);
  }
  EXPECT_EQ(Log10(1e10f), 10.0f);
}

TEST(OpsExpLogTest, SigmoidOfSpecialNumbers) {
  EXPECT_EQ(Sigmoid(0.0f), 0.5f);
  EXPECT_EQ(Sigmoid(-0.0f), 0.5f);
  EXPECT_EQ(Sigmoid(kInf), 1.0f);
  EXPECT_EQ(Sigmoid(-kInf), 0.0f);
  EXPECT_GT(Sigmoid(-103.0f), 0.0f);
}

TEST(OpsExpLogTest, EveryNanGivesTheSame) {
  for (uint32_t bits : {0x7fc00000u, 0xffc00000u, 0x7f800001u, 0xff800001u, 0x7fffffffu, 0xffffffffu}) {
    for (auto function : {Exp, Log, Log10, Sigmoid, Canonical}) {
      EXPECT_EQ(BitsOf(function(FromBits(bits))), kQuietNan) << bits;
    }
  }
  EXPECT_EQ(BitsOf(Canonical(kNan)), kQuietNan);
  EXPECT_EQ(BitsOf(Canonical(-0.0f)), 0x80000000u);
}

}  // namespace
}  // namespace trtn::ops
