// SPDX-License-Identifier: Apache-2.0
//
// Operators that move elements: compared with loops over coordinates, and twin with kernels.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "ops/element_dispatch.h"
#include "ops/tensors/tensor_operators.h"
#include "test/support/emulate.h"

namespace trtn::ops {
namespace {

using test::ExpectTwinEqualsKernels;
using test::HostTensor;
using Dims = std::vector<int64_t>;

const ElementType kWidths[] = {ElementType::kUInt8, ElementType::kFloat16, ElementType::kFloat32,
                               ElementType::kInt64};

/// All bytes differ from their neighbours, and from 0xCD and 0.
HostTensor Counting(ElementType type, const Dims& dims, size_t offset = 0) {
  std::vector<uint8_t> bytes(TensorBytes(type, dims));
  for (size_t i = 0; i < bytes.size(); i++) bytes[i] = static_cast<uint8_t>(1 + i % 199);
  return HostTensor(type, dims, bytes, offset);
}

/// Coordinates of a dense index.
Dims At(size_t index, const Dims& dims) {
  Dims at(dims.size());
  for (size_t i = dims.size(); i-- > 0; index /= static_cast<size_t>(dims[i])) {
    at[i] = static_cast<int64_t>(index % static_cast<size_t>(dims[i]));
  }
  return at;
}

size_t IndexOf(const Dims& at, const Dims& dims) {
  size_t index = 0;
  for (size_t i = 0; i < dims.size(); i++)
    index = index * static_cast<size_t>(dims[i]) + static_cast<size_t>(at[i]);
  return index;
}

std::vector<uint8_t> ElementAt(const HostTensor& tensor, size_t index, size_t size) {
  const std::vector<uint8_t> bytes = tensor.Values<uint8_t>();
  return {bytes.begin() + static_cast<ptrdiff_t>(index * size),
          bytes.begin() + static_cast<ptrdiff_t>((index + 1) * size)};
}

void ExpectTransposed(ElementType type, const Dims& dims, const std::vector<double>& permutation,
                      size_t offset) {
  Dims to_dims;
  for (const double axis : permutation) to_dims.push_back(dims[static_cast<size_t>(axis)]);
  const HostTensor x = Counting(type, dims, offset * ElementBytes(type)),
                   y(type, to_dims, offset * ElementBytes(type));
  ExpectTwinEqualsKernels(*MakeTranspose(Attributes({{"permutation", permutation}})), {x.view()}, {y.view()});
  const std::vector<uint8_t> from = x.Values<uint8_t>(), to = y.Values<uint8_t>();
  const size_t size = ElementBytes(type);
  for (size_t i = 0; i < ElementCount(to_dims); i++) {
    const Dims at = At(i, to_dims);
    Dims source(dims.size());
    for (size_t axis = 0; axis < dims.size(); axis++)
      source[static_cast<size_t>(permutation[axis])] = at[axis];
    const size_t j = IndexOf(source, dims);
    ASSERT_TRUE(std::equal(to.begin() + static_cast<ptrdiff_t>(i * size),
                           to.begin() + static_cast<ptrdiff_t>((i + 1) * size),
                           from.begin() + static_cast<ptrdiff_t>(j * size)))
        << ElementTypeName(type) << " element " << i;
  }
}

TEST(OpsTensorsTranspose, PutsAxesInEachOrder) {
  const std::pair<Dims, std::vector<double>> cases[] = {{{}, {}},
                                                        {{5}, {0}},
                                                        {{1, 1}, {1, 0}},
                                                        {{0, 3}, {1, 0}},
                                                        {{2, 2}, {1, 0}},
                                                        {{65, 67}, {1, 0}},
                                                        {{64, 64}, {1, 0}},
                                                        {{1, 9, 11, 3}, {0, 3, 1, 2}},
                                                        {{2, 3, 37, 41}, {0, 2, 3, 1}},
                                                        {{2, 16, 90}, {0, 2, 1}},
                                                        {{3, 17, 33}, {0, 2, 1}},
                                                        {{700, 2}, {1, 0}},
                                                        {{2, 2500}, {1, 0}},
                                                        {{300, 2, 3}, {0, 2, 1}},
                                                        {{40, 3, 5, 2}, {0, 3, 2, 1}},
                                                        {{3, 4, 5, 8}, {2, 0, 1, 3}},
                                                        {{3, 4, 1, 5}, {2, 3, 0, 1}},
                                                        {{4, 3, 16}, {1, 0, 2}},
                                                        {{4, 5, 6}, {0, 1, 2}},
                                                        {{2, 3, 2, 3, 2, 1, 2, 3}, {7, 5, 3, 1, 6, 4, 2, 0}},
                                                        {{2, 2, 2, 2, 2, 2, 2, 2}, {6, 4, 2, 0, 1, 3, 5, 7}}};
  for (const auto& [dims, permutation] : cases) {
    for (const ElementType type : kWidths) {
      for (const size_t offset : {0, 1}) ExpectTransposed(type, dims, permutation, offset);
    }
  }
}

TEST(OpsTensorsTranspose, RefusesWhatIsNoPermutationOfTheInput) {
  InlineWorkers workers;
  const HostTensor x(ElementType::kFloat32, {2, 3}), y(ElementType::kFloat32, {3, 2});
  const auto run = [&](const std::vector<double>& permutation, const HostTensor& to) {
    const auto op = MakeTranspose(Attributes({{"permutation", permutation}}));
    op->RunOnCpu({{x.view()}, {to.view()}, nullptr, nullptr}, workers);
  };
  EXPECT_NO_THROW(run({1, 0}, y));
  EXPECT_THROW(run({0, 1}, y), Error);
  EXPECT_THROW(run({1, 1}, y), Error);
  EXPECT_THROW(run({1, 2}, y), Error);
  EXPECT_THROW(run({1, 0, 2}, y), Error);
  EXPECT_THROW(run({1, 0}, HostTensor(ElementType::kFloat16, {3, 2})), Error);
}

/// Where ONNX's Pad takes an element from, by walking: -1 for the constant.
int64_t Walk(int64_t at, int64_t dim, const std::string& mode) {
  if (at >= 0 && at < dim) return at;
  if (mode == "constant") return -1;
  if (mode == "edge") return at < 0 ? 0 : dim - 1;
  while (at < 0 || at >= dim) at = at < 0 ? -at : 2 * (dim - 1) - at;
  return at;
}

void ExpectPadded(ElementType type, const Dims& dims, const std::vector<double>& pads,
                  const std::string& mode) {
  const size_t rank = dims.size(), size = ElementBytes(type);
  Dims to_dims(rank);
  for (size_t i = 0; i < rank; i++) to_dims[i] = dims[i] + static_cast<int64_t>(pads[i] + pads[rank + i]);
  const HostTensor x = Counting(type, dims), y(type, to_dims);
  const std::vector<double> begins(pads.begin(), pads.begin() + static_cast<ptrdiff_t>(rank));
  const auto op = MakePad(Attributes({{"begins", begins}, {"mode", mode}, {"value", 3.0}}));
  ExpectTwinEqualsKernels(*op, {x.view()}, {y.view()});
  const std::vector<uint8_t> from = x.Values<uint8_t>(), to = y.Values<uint8_t>();
  std::vector<uint8_t> three(size);
  WithElementType(type, [&](auto tag) {
    const auto element = FromFloat<typename decltype(tag)::Type>(3.0f);
    std::memcpy(three.data(), &element, size);
  });
  for (size_t i = 0; i < ElementCount(to_dims); i++) {
    Dims at = At(i, to_dims);
    bool constant = false;
    for (size_t axis = 0; axis < rank; axis++) {
      at[axis] = Walk(at[axis] - static_cast<int64_t>(begins[axis]), dims[axis], mode);
      constant = constant || at[axis] < 0;
    }
    const uint8_t* expected = constant ? three.data() : from.data() + IndexOf(at, dims) * size;
    ASSERT_TRUE(std::equal(expected, expected + size, to.begin() + static_cast<ptrdiff_t>(i * size)))
        << ElementTypeName(type) << " " << mode << " element " << i;
  }
}

TEST(OpsTensorsPad, PadsEachAxisInEachMode) {
  for (const ElementType type : kWidths) {
    for (const std::string mode : {"constant", "edge", "reflect"}) {
      ExpectPadded(type, {}, {}, mode);
      ExpectPadded(type, {4}, {3, 2}, mode);
      ExpectPadded(type, {5, 7}, {0, 0, 0, 0}, mode);
      ExpectPadded(type, {2, 3, 5, 7}, {0, 0, 2, 3, 0, 0, 1, 6}, mode);
      ExpectPadded(type, {4, 5, 16}, {3, 1, 0, 2, 4, 0}, mode);
      ExpectPadded(type, {3, 32}, {1, 16, 1, 16}, mode);
      ExpectPadded(type, {0, 4}, {0, 2, 0, 1}, mode);
      ExpectPadded(type, {2, 3, 2, 3, 2, 3, 2, 3}, {1, 0, 1, 0, 0, 0, 1, 2, 0, 2, 1, 0, 0, 1, 0, 0}, mode);
    }
    ExpectPadded(type, {1}, {2000, 3000}, "edge");
    ExpectPadded(type, {0}, {3, 2}, "constant");
    ExpectPadded(type, {0, 4}, {1, 2, 1, 1}, "constant");
  }
}

TEST(OpsTensorsPad, RefusesPadsThatWouldReadOutside) {
  InlineWorkers workers;
  const HostTensor x(ElementType::kFloat32, {3});
  const auto run = [&](double begin, const std::string& mode, int64_t size) {
    const HostTensor y(ElementType::kFloat32, {size});
    const auto op =
        MakePad(Attributes({{"begins", std::vector<double>{begin}}, {"mode", mode}, {"value", 0.0}}));
    op->RunOnCpu({{x.view()}, {y.view()}, nullptr, nullptr}, workers);
  };
  EXPECT_NO_THROW(run(2, "reflect", 7));
  EXPECT_THROW(run(3, "reflect", 7), Error);
  EXPECT_THROW(run(-1, "constant", 3), Error);
  EXPECT_THROW(run(2, "constant", 4), Error);
  EXPECT_THROW(run(0, "wrap", 3), Error);
  const HostTensor empty(ElementType::kFloat32, {0}), y(ElementType::kFloat32, {2});
  const auto op = MakePad(Attributes({{"begins", std::vector<double>{1}}, {"mode", "edge"}, {"value", 0.0}}));
  EXPECT_THROW(op->RunOnCpu({{empty.view()}, {y.view()}, nullptr, nullptr}, workers), Error);
}

/// Joins the parts and takes them apart again.
void ExpectJoined(ElementType type, const std::vector<Dims>& shapes, size_t axis, size_t offset) {
  Dims whole_dims = shapes[0];
  whole_dims[axis] = 0;
  std::vector<HostTensor> parts, back;
  std::vector<TensorView> part_views, back_views;
  for (const Dims& dims : shapes) {
    whole_dims[axis] += dims[axis];
    parts.push_back(Counting(type, dims, offset * ElementBytes(type)));
    back.emplace_back(type, dims);
    part_views.push_back(parts.back().view());
    back_views.push_back(back.back().view());
  }
  const HostTensor whole(type, whole_dims);
  const Attributes attributes({{"axis", static_cast<double>(axis)}});
  ExpectTwinEqualsKernels(*MakeConcatenate(attributes), part_views, {whole.view()});
  ExpectTwinEqualsKernels(*MakeSplit(attributes), {whole.view()}, back_views);
  int64_t before = 0;
  const size_t size = ElementBytes(type);
  for (size_t part = 0; part < shapes.size(); part++) {
    EXPECT_EQ(back[part].Values<uint8_t>(), parts[part].Values<uint8_t>());
    for (size_t i = 0; i < ElementCount(shapes[part]); i += 13) {
      Dims at = At(i, shapes[part]);
      at[axis] += before;
      ASSERT_EQ(ElementAt(whole, IndexOf(at, whole_dims), size), ElementAt(parts[part], i, size));
    }
    before += shapes[part][axis];
  }
}

TEST(OpsTensorsConcatenate, JoinsAndSplitsAlongEachAxis) {
  for (const ElementType type : kWidths) {
    for (const size_t offset : {0, 1}) {
      ExpectJoined(type, {{3}, {1}, {7}}, 0, offset);
      ExpectJoined(type, {{2, 3, 4}, {1, 3, 4}}, 0, offset);
      ExpectJoined(type, {{2, 3, 4}, {2, 1, 4}, {2, 0, 4}}, 1, offset);
      ExpectJoined(type, {{5, 3}, {5, 16}}, 1, offset);
      ExpectJoined(type, {{0, 3}, {0, 4}}, 1, offset);
      ExpectJoined(type, {{1, 3000}, {2, 3000}}, 0, offset);
    }
  }
}

TEST(OpsTensorsConcatenate, RefusesPartsThatAreNotTheWhole) {
  InlineWorkers workers;
  const HostTensor a(ElementType::kFloat32, {2, 3}), whole(ElementType::kFloat32, {5, 3}),
      half(ElementType::kFloat16, {3, 3});
  const auto join = [&](const std::vector<TensorView>& parts, double axis) {
    MakeConcatenate(Attributes({{"axis", axis}}))
        ->RunOnCpu({parts, {whole.view()}, nullptr, nullptr}, workers);
  };
  EXPECT_THROW(join({a.view(), a.view()}, 0), Error);
  EXPECT_THROW(join({a.view(), half.view()}, 0), Error);
  EXPECT_THROW(join({a.view(), a.view()}, 2), Error);
  EXPECT_THROW(MakeSplit(Attributes({{"axis", 0.0}}))
                   ->RunOnCpu({{whole.view()}, {a.view()}, nullptr, nullptr}, workers),
               Error);
}

TEST(OpsTensorsGatherRows, GathersRowsOfEachWidth) {
  const auto op = MakeGatherRows(Attributes());
  for (const ElementType type : kWidths) {
    for (const Dims& dims : {Dims{5}, Dims{5, 3}, Dims{5, 2, 8}, Dims{5, 700}, Dims{5, 0}}) {
      for (const size_t offset : {0, 1}) {
        const HostTensor x = Counting(type, dims, offset * ElementBytes(type));
        const HostTensor narrow(ElementType::kInt32, {2, 3}, std::vector<int32_t>{4, 0, 0, 2, 1, 3});
        const HostTensor wide(ElementType::kInt64, {3}, std::vector<int64_t>{1, 1, 4}),
            none(ElementType::kInt64, {0});
        for (const HostTensor* indices : {&narrow, &wide, &none}) {
          Dims to_dims = indices->view().dims;
          to_dims.insert(to_dims.end(), dims.begin() + 1, dims.end());
          const HostTensor y(type, to_dims);
          ExpectTwinEqualsKernels(*op, {x.view(), indices->view()}, {y.view()});
          const size_t row = x.bytes() / 5;
          if (indices != &wide || row == 0) continue;
          EXPECT_EQ(ElementAt(y, 2, row), ElementAt(x, 4, row));
          EXPECT_EQ(ElementAt(y, 1, row), ElementAt(x, 1, row));
        }
      }
    }
  }
}

TEST(OpsTensorsGatherRows, RefusesARowThatIsNotThereAndWritesNothing) {
  InlineWorkers workers;
  const auto op = MakeGatherRows(Attributes());
  const HostTensor x = Counting(ElementType::kFloat32, {5, 2});
  for (const int64_t wrong : {int64_t{-1}, int64_t{5}, std::numeric_limits<int64_t>::min()}) {
    const HostTensor indices(ElementType::kInt64, {2}, std::vector<int64_t>{1, wrong}),
        y(ElementType::kFloat32, {2, 2});
    try {
      op->RunOnCpu({{x.view(), indices.view()}, {y.view()}, nullptr, nullptr}, workers);
      FAIL() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "ERR_TRT_ARG_TENSOR");
      EXPECT_NE(std::string(error.what()).find(std::to_string(wrong)), std::string::npos) << error.what();
    }
    EXPECT_EQ(y.Values<uint8_t>(), std::vector<uint8_t>(16, 0xCD));
  }
}

TEST(OpsTensorsGatherRows, GivesZerosForSuchARowOnADevice) {
  const auto op = MakeGatherRows(Attributes());
  const HostTensor x = Counting(ElementType::kUInt8, {5, 2}), y(ElementType::kUInt8, {4, 2});
  const HostTensor indices(ElementType::kInt64, {4},
                           std::vector<int64_t>{3, -1, 5, std::numeric_limits<int64_t>::max()});
  OperatorMemory memory{{x.view(), indices.view()}, {y.view()}, nullptr, nullptr};
  test::Emulate(*op, memory);
  EXPECT_EQ(y.Values<uint8_t>(), (std::vector<uint8_t>{7, 8, 0, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace trtn::ops
