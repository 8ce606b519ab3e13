// SPDX-License-Identifier: Apache-2.0
//
// Twin and kernels give the same bits for every pair of types; that the bits are right is
// ops_tensors_element_test's and test/native/ops' business.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "core/error.h"
#include "ops/element_dispatch.h"
#include "ops/tensors/packs.h"
#include "ops/tensors/tensor_operators.h"
#include "test/support/emulate.h"

namespace trtn::ops {
namespace {

using test::ExpectTwinEqualsKernels;
using test::HostTensor;

const std::vector<ElementType> kTypes = {
    ElementType::kFloat32, ElementType::kFloat16,    ElementType::kBFloat16,  ElementType::kFloat64,
    ElementType::kInt8,    ElementType::kUInt8,      ElementType::kInt16,     ElementType::kUInt16,
    ElementType::kInt32,   ElementType::kUInt32,     ElementType::kInt64,     ElementType::kUInt64,
    ElementType::kBool,    ElementType::kFloat8E4M3, ElementType::kFloat8E5M2};

/// Bytes of all kinds; floating-point types get their extremes first.
HostTensor Extremes(ElementType type, int64_t count, size_t offset) {
  const size_t size = ElementBytes(type);
  std::mt19937 random(static_cast<unsigned>(type) + 1);
  std::vector<uint8_t> bytes(static_cast<size_t>(count) * size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  const std::vector<double> extremes = {0.0,  -0.0,   0.5,  1.5,   -2.5,  300.0,    -300.0,    65520.0,
                                        1e-7, -1e-40, 3e38, -3e38, 1e300, INFINITY, -INFINITY, NAN};
  WithElementType(type, [&](auto tag) {
    using T = typename decltype(tag)::Type;
    for (size_t i = 0; i < extremes.size() && i < static_cast<size_t>(count); i++) {
      T element;
      if constexpr (std::is_same_v<T, double>) {
        element = extremes[i];
      } else {
        element = FromFloat<T>(static_cast<float>(extremes[i]));
      }
      std::memcpy(bytes.data() + i * size, &element, size);
    }
  });
  return HostTensor(type, {count}, bytes, offset);
}

std::unique_ptr<Operator> Convert(bool scaled = false, double scale = 1, double zero_point = 0) {
  return MakeConvert(Attributes({{"scaled", scaled}, {"scale", scale}, {"zeroPoint", zero_point}}));
}

TEST(OpsTensorsConvert, TwinEqualsKernelsForEachPairOfTypes) {
  for (const ElementType from : kTypes) {
    for (const ElementType to : kTypes) {
      SCOPED_TRACE(std::string(ElementTypeName(from)) + " to " + ElementTypeName(to));
      const HostTensor x = Extremes(from, 301, 0), y(to, {301});
      ExpectTwinEqualsKernels(*Convert(), {x.view()}, {y.view()});
      ExpectTwinEqualsKernels(*Convert(true, 0.37, 3), {x.view()}, {y.view()});
    }
  }
}

TEST(OpsTensorsConvert, TakesEachCountAndAlignment) {
  const std::pair<ElementType, ElementType> pairs[] = {{ElementType::kFloat32, ElementType::kFloat16},
                                                       {ElementType::kUInt8, ElementType::kFloat32},
                                                       {ElementType::kFloat16, ElementType::kInt8},
                                                       {ElementType::kInt64, ElementType::kFloat32}};
  for (const auto& [from, to] : pairs) {
    for (const int64_t count : {0, 1, 2, 3, 7, 8, 9, 255, 4096, 8197}) {
      for (const bool unaligned : {false, true}) {
        SCOPED_TRACE(std::string(ElementTypeName(from)) + " " + std::to_string(count));
        const HostTensor x = Extremes(from, count, unaligned ? ElementBytes(from) : 0);
        const HostTensor y(to, {count}, unaligned ? 3 * ElementBytes(to) : 0);
        ExpectTwinEqualsKernels(*Convert(), {x.view()}, {y.view()});
      }
    }
  }
}

TEST(OpsTensorsConvert, ScalesRoundsAndShifts) {
  InlineWorkers workers;
  const HostTensor x(ElementType::kFloat32, {6},
                     std::vector<float>{0.5f, 1.5f, -1.0f, 200.0f, NAN, INFINITY});
  const HostTensor y(ElementType::kUInt8, {6});
  Convert(true, 1.0, 3)->RunOnCpu({{x.view()}, {y.view()}, nullptr, nullptr}, workers);
  // The tie is decided before the zero point is added: 0.5 is 0, not 4 - 3.
  EXPECT_EQ(y.Values<uint8_t>(), (std::vector<uint8_t>{3, 5, 2, 203, 0, 255}));
  const HostTensor z(ElementType::kFloat64, {6});
  Convert(true, 2.0, 1)->RunOnCpu({{x.view()}, {z.view()}, nullptr, nullptr}, workers);
  EXPECT_EQ(z.Values<double>()[3], 401.0);
}

// Processors do not agree which NaN a conversion or a sum gives: x86 keeps sign and payload, GPUs do not.
// Kernels that run on the host cannot show it.
TEST(OpsTensorsConvert, GivesTheOneNanWhereItIsComputed) {
  InlineWorkers workers;
  const uint32_t odd = 0xffc12345u;
  const uint64_t wide_odd = 0xfff8123456789abcu;
  const HostTensor x(ElementType::kFloat32, {1}, std::vector<uint32_t>{odd}),
      wide(ElementType::kFloat64, {1}, std::vector<uint64_t>{wide_odd});
  const auto run = [&](const HostTensor& from, ElementType to, bool scaled) {
    const HostTensor y(to, {1});
    Convert(scaled, 2, 1)->RunOnCpu({{from.view()}, {y.view()}, nullptr, nullptr}, workers);
    return to == ElementType::kFloat64 ? y.Values<uint64_t>()[0] : y.Values<uint32_t>()[0];
  };
  EXPECT_EQ(run(wide, ElementType::kFloat32, false), kQuietNan);
  EXPECT_EQ(run(wide, ElementType::kFloat32, true), kQuietNan);
  EXPECT_EQ(run(x, ElementType::kFloat32, true), kQuietNan);
  EXPECT_EQ(run(x, ElementType::kFloat64, false), kQuietNan64);
  EXPECT_EQ(run(x, ElementType::kFloat64, true), kQuietNan64);
  EXPECT_EQ(run(wide, ElementType::kFloat64, true), kQuietNan64);
  // Moved, not computed.
  EXPECT_EQ(run(x, ElementType::kFloat32, false), odd);
  EXPECT_EQ(run(wide, ElementType::kFloat64, false), wide_odd);
}

TEST(OpsTensorsConvert, KeepsWideNumbersExactly) {
  InlineWorkers workers;
  const std::vector<int64_t> wide = {std::numeric_limits<int64_t>::min(), -1, 9007199254740993,
                                     std::numeric_limits<int64_t>::max()};
  const HostTensor x(ElementType::kInt64, {4}, wide), same(ElementType::kInt64, {4}),
      small(ElementType::kInt32, {4}), positive(ElementType::kUInt64, {4}), real(ElementType::kFloat64, {4});
  for (const HostTensor* y : {&same, &small, &positive, &real}) {
    Convert()->RunOnCpu({{x.view()}, {y->view()}, nullptr, nullptr}, workers);
  }
  EXPECT_EQ(same.Values<int64_t>(), wide);
  EXPECT_EQ(small.Values<int32_t>(), (std::vector<int32_t>{INT32_MIN, -1, INT32_MAX, INT32_MAX}));
  EXPECT_EQ(positive.Values<uint64_t>(),
            (std::vector<uint64_t>{0, 0, 9007199254740993u, 0x7fffffffffffffffu}));
  EXPECT_EQ(real.Values<double>(),
            (std::vector<double>{-9223372036854775808.0, -1.0, 9007199254740992.0, 9223372036854775808.0}));
}

TEST(OpsTensorsConvert, RefusesCountsThatDifferAndPackedTypes) {
  InlineWorkers workers;
  const HostTensor x(ElementType::kFloat32, {4}), y(ElementType::kFloat16, {3}),
      packed(ElementType::kInt4, {4});
  EXPECT_THROW(Convert()->RunOnCpu({{x.view()}, {y.view()}, nullptr, nullptr}, workers), Error);
  EXPECT_THROW(Convert()->RunOnCpu({{x.view()}, {packed.view()}, nullptr, nullptr}, workers), Error);
  EXPECT_THROW(MakeConvert(Attributes()), Error);
}

}  // namespace
}  // namespace trtn::ops
