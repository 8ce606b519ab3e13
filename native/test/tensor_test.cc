// SPDX-License-Identifier: Apache-2.0
#include "core/tensor.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace trtn {
namespace {

TEST(Tensor, NamesItsElementTypes) {
  EXPECT_STREQ(ElementTypeName(ElementType::kFloat32), "float32");
  EXPECT_STREQ(ElementTypeName(ElementType::kBool), "bool");
  EXPECT_STREQ(ElementTypeName(ElementType::kFloat4E2M1), "float4e2m1");
  EXPECT_STREQ(ElementTypeName(ElementType::kUnknown), "unknown");
  EXPECT_STREQ(ElementTypeName(static_cast<ElementType>(99)), "unknown");
}

TEST(Tensor, CountsElements) {
  EXPECT_EQ(ElementCount({}), 1u);
  EXPECT_EQ(ElementCount({2, 3, 4}), 24u);
  EXPECT_EQ(ElementCount({int64_t{1} << 40, 0, int64_t{1} << 40}), 0u);
  EXPECT_THROW(ElementCount({2, -1}), Error);
  EXPECT_THROW(ElementCount({int64_t{1} << 40, int64_t{1} << 40}), Error);
}

TEST(Tensor, SizesTensorsByTypeAndRoundsPackedOnesUp) {
  EXPECT_EQ(TensorBytes(ElementType::kFloat32, {2, 3}), 24u);
  EXPECT_EQ(TensorBytes(ElementType::kFloat16, {5}), 10u);
  EXPECT_EQ(TensorBytes(ElementType::kInt4, {5}), 3u);
  EXPECT_EQ(TensorBytes(ElementType::kBool, {7}), 7u);
  EXPECT_EQ(TensorBytes(ElementType::kInt64, {0}), 0u);
  EXPECT_THROW(TensorBytes(ElementType::kString, {1}), Error);
  EXPECT_THROW(TensorBytes(ElementType::kFloat64, {int64_t{1} << 61}), Error);
}

}  // namespace
}  // namespace trtn
