// SPDX-License-Identifier: Apache-2.0
//
// Operators on scores: the CPU twins give the bits that the kernels give, and what they give is right where a
// plain sum in double, or a sort, tells it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <utility>

#include "core/error.h"
#include "ops/element.h"
#include "ops/exp_log.h"
#include "test/support/emulate.h"

namespace trtn::ops {
namespace {

using test::ExpectTwinEqualsKernels;
using test::HostTensor;
using Dims = std::vector<int64_t>;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr ElementType kTypes[] = {ElementType::kFloat32, ElementType::kFloat16, ElementType::kBFloat16};

size_t CountOf(const Dims& dims) { return ElementCount(dims); }

std::vector<float> Numbers(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values)
    value = static_cast<float>(static_cast<int>(random() % 20001) - 10000) / 1000.0f;
  return values;
}

/// Numbers with NaN, infinities, zeros of both signs, denormals and ties strewn in.
std::vector<float> Extremes(size_t count, unsigned seed) {
  const float special[] = {kNan,       kInf,    -kInf,    0.0f, -0.0f, 0x1p-149f,
                           -0x1p-130f, 3.4e38f, -3.4e38f, 1.0f, 1.0f};
  std::vector<float> values = Numbers(count, seed);
  for (size_t i = seed % 3; i < count; i += 3) values[i] = special[(i / 3 + seed) % std::size(special)];
  return values;
}

HostTensor Make(ElementType type, const Dims& dims, const std::vector<float>& values, size_t offset = 0) {
  if (type == ElementType::kFloat32) return HostTensor(type, dims, values, offset);
  std::vector<uint16_t> bits;
  for (float value : values)
    bits.push_back(type == ElementType::kFloat16 ? FromFloat<Half>(value).bits
                                                 : FromFloat<BFloat16>(value).bits);
  return HostTensor(type, dims, bits, offset);
}

std::unique_ptr<Operator> Make(const std::string& name,
                               std::map<std::string, Attributes::Value> values = {}) {
  return MakeOperator(name, Attributes(std::move(values)));
}

void ExpectSame(const Operator& op, const std::vector<TensorView>& inputs,
                const std::vector<TensorView>& outputs) {
  ExpectTwinEqualsKernels(op, inputs, outputs);
}

const Dims kRowShapes[] = {{0, 5},     {3, 0},   {1, 1},    {7},       {9, 31},
                           {2, 3, 33}, {8, 257}, {3, 1024}, {2, 1025}, {1, 5000}};

/// Over all row shapes, types in and out, plain and extreme values, an address that no vector likes.
void ExpectSameOverRows(const Operator& op) {
  unsigned seed = 0;
  for (const Dims& dims : kRowShapes) {
    for (ElementType type : kTypes) {
      for (ElementType out_type : {ElementType::kFloat32, type}) {
        SCOPED_TRACE(testing::Message()
                     << "dims " << testing::PrintToString(dims) << " " << ElementTypeName(type));
        seed++;
        const HostTensor plain = Make(type, dims, Numbers(CountOf(dims), seed), 4);
        const HostTensor extreme = Make(type, dims, Extremes(CountOf(dims), seed));
        const HostTensor out(out_type, dims, 4);
        ExpectSame(op, {plain.view()}, {out.view()});
        ExpectSame(op, {extreme.view()}, {out.view()});
      }
    }
  }
}

TEST(OpsScoresTest, SoftmaxAndItsLogarithmAreTheSameOnBoth) {
  ExpectSameOverRows(*Make("softmax", {{"scale", 1.0}}));
  ExpectSameOverRows(*Make("softmax", {{"scale", 0.37}}));
  ExpectSameOverRows(*Make("logSoftmax", {{"scale", 1.0}}));
}

TEST(OpsScoresTest, SigmoidAndNormalizeAreTheSameOnBoth) {
  ExpectSameOverRows(*Make("sigmoid"));
  ExpectSameOverRows(*Make("l2Normalize", {{"epsilon", 1e-12}}));
}

TEST(OpsScoresTest, SoftmaxIsThatOfDoubles) {
  const Dims dims{3, 1000};
  const std::vector<float> x = Numbers(3000, 1);
  const HostTensor in = Make(ElementType::kFloat32, dims, x), out(ElementType::kFloat32, dims);
  ExpectSame(*Make("softmax", {{"scale", 0.5}}), {in.view()}, {out.view()});
  const auto got = out.Values<float>();
  for (int row = 0; row < 3; row++) {
    double sum = 0;
    for (int i = 0; i < 1000; i++) sum += std::exp(x[row * 1000 + i] * 0.5);
    for (int i = 0; i < 1000; i++) {
      const double exact = std::exp(x[row * 1000 + i] * 0.5) / sum;
      ASSERT_NEAR(got[row * 1000 + i] / exact, 1, 2e-6);
    }
  }
}

TEST(OpsScoresTest, ARowWithNaNOrOnlyMinusInfinityHasNoSoftmax) {
  const HostTensor in(ElementType::kFloat32, {3, 2}, std::vector<float>{1, kNan, -kInf, -kInf, -kInf, 5});
  const HostTensor out(ElementType::kFloat32, {3, 2});
  ExpectSame(*Make("softmax", {{"scale", 1.0}}), {in.view()}, {out.view()});
  const auto got = out.Values<float>();
  for (int i = 0; i < 4; i++) EXPECT_EQ(BitsOf(got[i]), 0x7fc00000u);
  EXPECT_EQ(got[4], 0.0f);
  EXPECT_EQ(got[5], 1.0f);
}

/// Indices in the order stated: larger first, NaN above all, then the lower index.
std::vector<int32_t> Sorted(const float* row, int columns) {
  std::vector<int32_t> order(columns);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [row](int32_t a, int32_t b) {
    if (std::isnan(row[a]) || std::isnan(row[b])) return std::isnan(row[a]) && !std::isnan(row[b]);
    return row[a] > row[b];
  });
  return order;
}

struct TopKCase {
  int64_t rows, columns;
  int k;
};

void CheckTopK(const TopKCase& c, const std::vector<float>& x) {
  SCOPED_TRACE(testing::Message() << c.rows << " x " << c.columns << ", k " << c.k);
  const HostTensor in = Make(ElementType::kFloat32, {c.rows, c.columns}, x, 4);
  const HostTensor values(ElementType::kFloat32, {c.rows, c.k}), indices(ElementType::kInt32, {c.rows, c.k});
  ExpectSame(*Make("topK", {{"k", double(c.k)}}), {in.view()}, {values.view(), indices.view()});
  const auto got = indices.Values<int32_t>();
  const auto got_values = values.Values<float>();
  for (int64_t row = 0; row < c.rows; row++) {
    std::vector<int32_t> wanted = Sorted(x.data() + row * c.columns, static_cast<int>(c.columns));
    for (int i = 0; i < c.k; i++) {
      ASSERT_EQ(got[row * c.k + i], wanted[i]) << "row " << row << " place " << i;
      ASSERT_EQ(BitsOf(got_values[row * c.k + i]), BitsOf(Canonical(x[row * c.columns + wanted[i]])));
    }
  }
  ExpectSame(*Make("softmaxTopK", {{"k", double(c.k)}, {"scale", 1.0}}), {in.view()},
             {values.view(), indices.view()});
  EXPECT_EQ(indices.Values<int32_t>(), got);
}

TEST(OpsScoresTest, TopKIsTheStableSort) {
  const TopKCase cases[] = {{0, 3, 2},     {1, 1, 1},       {2, 5, 5},       {3, 33, 1},        {2, 1000, 5},
                            {2, 300, 255}, {1, 1024, 1024}, {2, 2000, 1000}, {1, 100'000, 1024}};
  for (const TopKCase& c : cases) {
    const size_t count = static_cast<size_t>(c.rows * c.columns);
    CheckTopK(c, Numbers(count, static_cast<unsigned>(c.k)));
    if (c.columns > 10'000) continue;
    CheckTopK(c, Extremes(count, 5));
    CheckTopK(c, std::vector<float>(count, 2.5f));
    std::vector<float> rising(count);
    std::iota(rising.begin(), rising.end(), -3.0f);
    CheckTopK(c, rising);
  }
}

TEST(OpsScoresTest, TopKOfTwoByteFloatsIsTheSameOnBoth) {
  for (ElementType type : {ElementType::kFloat16, ElementType::kBFloat16}) {
    for (const ElementType out_type : {ElementType::kFloat32, type}) {
      const HostTensor in = Make(type, {3, 700}, Extremes(2100, 3), 2);
      const HostTensor values(out_type, {3, 17}), indices(ElementType::kInt32, {3, 17});
      ExpectSame(*Make("topK", {{"k", 17.0}}), {in.view()}, {values.view(), indices.view()});
      ExpectSame(*Make("softmaxTopK", {{"k", 17.0}, {"scale", 2.0}}), {in.view()},
                 {values.view(), indices.view()});
    }
  }
}

TEST(OpsScoresTest, SoftmaxTopKHasTheProbabilitiesOfSoftmax) {
  for (int64_t columns : {10, 1000, 3000}) {
    const HostTensor in = Make(ElementType::kFloat32, {2, columns}, Numbers(2 * columns, 9));
    const HostTensor all(ElementType::kFloat32, {2, columns});
    const HostTensor values(ElementType::kFloat32, {2, 4}), indices(ElementType::kInt32, {2, 4});
    ExpectSame(*Make("softmax", {{"scale", 0.7}}), {in.view()}, {all.view()});
    ExpectSame(*Make("softmaxTopK", {{"k", 4.0}, {"scale", 0.7}}), {in.view()},
               {values.view(), indices.view()});
    const auto probabilities = all.Values<float>();
    for (int i = 0; i < 8; i++) {
      const int64_t at = i / 4 * columns + indices.Values<int32_t>()[i];
      EXPECT_EQ(values.Values<float>()[i], probabilities[at]);
    }
  }
}

TEST(OpsScoresTest, ArgMaxIsTheFirstOfTheLargest) {
  const std::vector<float> x{1, 3, 3, -0.0f, 0.0f, -1, kNan, kInf, kNan, -kInf, -kInf, -kInf};
  const HostTensor in(ElementType::kFloat32, {4, 3}, x), out(ElementType::kInt32, {4});
  ExpectSame(*Make("argMax"), {in.view()}, {out.view()});
  EXPECT_EQ(out.Values<int32_t>(), (std::vector<int32_t>{1, 0, 0, 0}));
}

TEST(OpsScoresTest, MeanPoolIsTheSameOnBoth) {
  const Dims shapes[] = {{0, 3, 4}, {2, 0, 3}, {1, 1, 1}, {3, 7, 5}, {2, 9, 300}};
  for (const Dims& dims : shapes) {
    for (ElementType type : kTypes) {
      const HostTensor in = Make(type, dims, Extremes(CountOf(dims), 4), 4);
      const HostTensor out(type, {dims[0], dims[2]});
      ExpectSame(*Make("meanPool"), {in.view()}, {out.view()});
      const size_t tokens = static_cast<size_t>(dims[0] * dims[1]);
      std::vector<int64_t> mask(tokens);
      for (size_t i = 0; i < tokens; i++) mask[i] = i % 3 != 0;
      const HostTensor long_mask(ElementType::kInt64, {dims[0], dims[1]}, mask);
      const HostTensor int_mask(ElementType::kInt32, {dims[0], dims[1]},
                                std::vector<int32_t>(mask.begin(), mask.end()));
      const HostTensor bool_mask(ElementType::kBool, {dims[0], dims[1]},
                                 std::vector<uint8_t>(mask.begin(), mask.end()));
      const HostTensor weights(ElementType::kFloat32, {dims[0], dims[1]}, Numbers(tokens, 8));
      for (const HostTensor* one : {&long_mask, &int_mask, &bool_mask, &weights})
        ExpectSame(*Make("meanPool"), {in.view(), one->view()}, {out.view()});
    }
  }
}

TEST(OpsScoresTest, MeanPoolLeavesMaskedTokensOut) {
  const HostTensor in(ElementType::kFloat32, {2, 3, 2},
                      std::vector<float>{1, 2, 3, 4, kNan, kInf, 5, 6, 7, 8, 9, 10});
  const HostTensor mask(ElementType::kInt64, {2, 3}, std::vector<int64_t>{1, 1, 0, 0, 0, 0});
  const HostTensor out(ElementType::kFloat32, {2, 2});
  ExpectSame(*Make("meanPool"), {in.view(), mask.view()}, {out.view()});
  EXPECT_EQ(out.Values<float>(), (std::vector<float>{2, 3, 0, 0}));
}

TEST(OpsScoresTest, CosineSimilarityIsTheSameOnBoth) {
  for (ElementType type : kTypes) {
    for (const Dims& dims :
         {Dims{1, 0, 8}, Dims{0, 3, 8}, Dims{1, 1, 1}, Dims{3, 20, 33}, Dims{2, 5, 1500}}) {
      const HostTensor queries = Make(type, {dims[0], dims[2]}, Numbers(dims[0] * dims[2], 1), 4);
      const HostTensor vectors = Make(type, {dims[1], dims[2]}, Extremes(dims[1] * dims[2], 2), 4);
      const HostTensor out(ElementType::kFloat32, {dims[0], dims[1]});
      ExpectSame(*Make("cosineSimilarity", {{"epsilon", 1e-8}}), {queries.view(), vectors.view()},
                 {out.view()});
    }
  }
}

TEST(OpsScoresTest, CosineOfKnownAngles) {
  const HostTensor query(ElementType::kFloat32, {2}, std::vector<float>{3, 4});
  const HostTensor vectors(ElementType::kFloat32, {4, 2}, std::vector<float>{6, 8, -3, -4, 4, -3, 0, 0});
  const HostTensor out(ElementType::kFloat32, {4});
  ExpectSame(*Make("cosineSimilarity", {{"epsilon", 1e-8}}), {query.view(), vectors.view()}, {out.view()});
  EXPECT_EQ(out.Values<float>(), (std::vector<float>{1, -1, 0, 0}));
}

TEST(OpsScoresTest, TensorsThatDoNotFitAreRefused) {
  const HostTensor in(ElementType::kFloat32, {2, 3}), out(ElementType::kFloat32, {2, 4});
  const HostTensor indices(ElementType::kInt32, {2, 4}), integers(ElementType::kInt8, {2, 3});
  InlineWorkers workers;
  const auto run = [&](const std::unique_ptr<Operator>& op, std::vector<TensorView> inputs,
                       std::vector<TensorView> outputs) {
    OperatorMemory memory;
    memory.inputs = std::move(inputs);
    memory.outputs = std::move(outputs);
    EXPECT_THROW(op->RunOnCpu(memory, workers), Error);
    EXPECT_THROW(op->Launches(memory), Error);
  };
  run(Make("softmax", {{"scale", 1.0}}), {in.view()}, {out.view()});
  run(Make("sigmoid"), {integers.view()}, {integers.view()});
  run(Make("topK", {{"k", 4.0}}), {in.view()}, {out.view(), indices.view()});
  run(Make("argMax"), {in.view()}, {});
  run(Make("meanPool"), {in.view()}, {in.view()});
  run(Make("cosineSimilarity", {{"epsilon", 1e-8}}), {in.view(), out.view()}, {out.view()});
  EXPECT_THROW(Make("topK", {{"k", 1025.0}}), Error);
  EXPECT_THROW(Make("topK", {{"k", 0.0}}), Error);
}

}  // namespace
}  // namespace trtn::ops
