// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/error.h"
#include "ops/element_dispatch.h"
#include "ops/tensors/tensor_operators.h"
#include "test/support/emulate.h"

namespace trtn::ops {
namespace {

using test::ExpectTwinEqualsKernels;
using test::HostTensor;

Attributes Scales(double axis, std::vector<double> scales, std::vector<double> zero_points) {
  return Attributes({{"axis", axis}, {"scales", std::move(scales)}, {"zeroPoints", std::move(zero_points)}});
}

HostTensor Numbers(ElementType type, const std::vector<int64_t>& dims, size_t offset) {
  const size_t count = ElementCount(dims);
  std::mt19937 random(static_cast<unsigned>(count));
  std::vector<uint8_t> bytes;
  const std::vector<float> extremes = {0.0f,  -0.0f,  0.5f,   -0.5f,    1.5f,      127.5f, -128.5f,
                                       1e30f, -1e30f, 1e-40f, INFINITY, -INFINITY, NAN};
  WithElementType(type, [&](auto tag) {
    using T = typename decltype(tag)::Type;
    for (size_t i = 0; i < count; i++) {
      const float number = static_cast<float>(static_cast<int>(random() % 4001) - 2000) / 8;
      const T element = FromFloat<T>(i < extremes.size() ? extremes[i] : number);
      const uint8_t* first = reinterpret_cast<const uint8_t*>(&element);
      bytes.insert(bytes.end(), first, first + sizeof(T));
    }
  });
  return HostTensor(type, dims, bytes, offset);
}

TEST(OpsTensorsQuantize, TwinEqualsKernels) {
  const Attributes one = Scales(-1, {0.7}, {5}), three = Scales(1, {0.5, 1.0, 0.013}, {0, -3, 100});
  const std::vector<int64_t> shapes[] = {{0, 3},       {1, 3},       {7, 3},    {2, 3, 1},
                                         {2, 3, 5, 7}, {3, 3, 1025}, {1400, 3}, {700, 3, 2}};
  for (const std::vector<int64_t>& dims : shapes) {
    for (const ElementType real : {ElementType::kFloat32, ElementType::kFloat16, ElementType::kBFloat16}) {
      for (const ElementType integer : {ElementType::kInt8, ElementType::kUInt8}) {
        for (const size_t offset : {0, 1}) {
          SCOPED_TRACE(std::string(ElementTypeName(real)) + " " + ElementTypeName(integer));
          const HostTensor x = Numbers(real, dims, offset * ElementBytes(real)), q(integer, dims, offset);
          const HostTensor back(real, dims);
          for (const Attributes& attributes : {one, three}) {
            ExpectTwinEqualsKernels(*MakeQuantizeLinear(attributes), {x.view()}, {q.view()});
            ExpectTwinEqualsKernels(*MakeDequantizeLinear(attributes), {q.view()}, {back.view()});
          }
        }
      }
    }
  }
}

TEST(OpsTensorsQuantize, RoundsTiesToEvenBeforeTheZeroPoint) {
  InlineWorkers workers;
  const HostTensor x(ElementType::kFloat32, {8},
                     std::vector<float>{1.0f, 3.0f, 5.0f, -1.0f, 1e9f, -1e9f, NAN, INFINITY});
  const HostTensor q(ElementType::kInt8, {8}), y(ElementType::kFloat32, {8});
  MakeQuantizeLinear(Scales(-1, {2}, {1}))->RunOnCpu({{x.view()}, {q.view()}, nullptr, nullptr}, workers);
  EXPECT_EQ(q.Values<int8_t>(), (std::vector<int8_t>{1, 3, 3, 1, 127, -128, 1, 127}));
  MakeDequantizeLinear(Scales(-1, {2}, {1}))->RunOnCpu({{q.view()}, {y.view()}, nullptr, nullptr}, workers);
  EXPECT_EQ(y.Values<float>(), (std::vector<float>{0, 4, 4, 0, 252, -258, 0, 252}));
}

TEST(OpsTensorsQuantize, RefusesScalesThatAreNotOneForEachChannel) {
  InlineWorkers workers;
  const HostTensor x(ElementType::kFloat32, {2, 3}), q(ElementType::kInt8, {2, 3}),
      other(ElementType::kInt8, {3, 2});
  const auto run = [&](const Attributes& attributes, const HostTensor& to) {
    MakeQuantizeLinear(attributes)->RunOnCpu({{x.view()}, {to.view()}, nullptr, nullptr}, workers);
  };
  EXPECT_THROW(run(Scales(1, {1, 1}, {0, 0}), q), Error);
  EXPECT_THROW(run(Scales(2, {1}, {0}), q), Error);
  EXPECT_THROW(run(Scales(-1, {1}, {0}), other), Error);
  EXPECT_THROW(run(Scales(-1, {1}, {0}), x), Error);
  EXPECT_THROW(MakeQuantizeLinear(Scales(-1, {}, {})), Error);
  EXPECT_THROW(MakeQuantizeLinear(Scales(-1, {1}, {0, 0})), Error);
}

}  // namespace
}  // namespace trtn::ops
