// SPDX-License-Identifier: Apache-2.0
#include "trt/version.h"

#include <gtest/gtest.h>

namespace trtn::trt {
namespace {

TEST(Version, ChoosesTheFamilyByTheLibrarysVersion) {
  EXPECT_EQ(FamilyOfVersion(100600), Family::kTensorRt10);
  EXPECT_EQ(FamilyOfVersion(101600), Family::kTensorRt10);
  EXPECT_EQ(FamilyOfVersion(110000), Family::kTensorRt11);
  EXPECT_EQ(FamilyOfVersion(110400), Family::kTensorRt11);
  EXPECT_EQ(FamilyOfVersion(10500), Family::kTensorRtRtx);
  EXPECT_EQ(FamilyOfVersion(10701), Family::kTensorRtRtx);
}

TEST(Version, RefusesOtherAbis) {
  for (int version : {0, 7203, 8601, 9300, 10400, 10300, 20000, 100001, 100503, 120000}) {
    EXPECT_FALSE(FamilyOfVersion(version).has_value()) << version;
  }
}

TEST(Version, NamesProducts) {
  EXPECT_EQ(ProductName(8601), "TensorRT 8.6.1");
  EXPECT_EQ(ProductName(10701), "TensorRT-RTX 1.7.1");
  EXPECT_EQ(ProductName(101501), "TensorRT 10.15.1");
  EXPECT_EQ(ProductName(110201), "TensorRT 11.2.1");
}

}  // namespace
}  // namespace trtn::trt
