// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/error.h"
#include "gpu/profile_choice.h"
#include "test/support/error_details.h"

namespace trtn::gpu {
namespace {

using Range = EngineControl::Range;
using Profiles = std::vector<std::vector<Range>>;

Range Dims(std::vector<int64_t> min, std::vector<int64_t> opt, std::vector<int64_t> max) {
  return {false, std::move(min), std::move(opt), std::move(max)};
}

Range Values(std::vector<int64_t> min, std::vector<int64_t> opt, std::vector<int64_t> max) {
  return {true, std::move(min), std::move(opt), std::move(max)};
}

int Choose(const Profiles& profiles, std::vector<int64_t> dims, std::optional<int> fixed = {}) {
  return ChooseProfile(profiles, {{"x", std::move(dims), {}}}, fixed);
}

Error ErrorOf(const Profiles& profiles, const std::vector<ProfileInput>& inputs,
              std::optional<int> fixed = {}) {
  try {
    ChooseProfile(profiles, inputs, fixed);
  } catch (const Error& error) {
    return error;
  }
  return Error("none", "nothing was thrown");
}

const Profiles kBatches = {
    {Dims({1, 3}, {1, 3}, {1, 3})}, {Dims({1, 3}, {4, 3}, {8, 3})}, {Dims({1, 3}, {32, 3}, {64, 3})}};

TEST(ProfileChoiceTest, TakesTheOneWhoseOptimumIsNearest) {
  EXPECT_EQ(Choose(kBatches, {1, 3}), 0);
  EXPECT_EQ(Choose(kBatches, {2, 3}), 1);
  EXPECT_EQ(Choose(kBatches, {8, 3}), 1);
  EXPECT_EQ(Choose(kBatches, {9, 3}), 2);
  EXPECT_EQ(Choose(kBatches, {64, 3}), 2);
}

TEST(ProfileChoiceTest, MeasuresRatiosAndTakesTheLowestIndexAmongEquals) {
  const Profiles profiles = {{Dims({1}, {2}, {100})}, {Dims({1}, {32}, {100})}, {Dims({1}, {32}, {100})}};
  EXPECT_EQ(Choose(profiles, {7}), 0);
  EXPECT_EQ(Choose(profiles, {8}), 0);
  EXPECT_EQ(Choose(profiles, {9}), 1);
}

TEST(ProfileChoiceTest, LooksAtAllInputs) {
  const Profiles profiles = {{Dims({1}, {4}, {8}), Dims({1}, {4}, {8})},
                             {Dims({1}, {1}, {8}), Dims({8}, {16}, {32})}};
  EXPECT_EQ(ChooseProfile(profiles, {{"a", {4}, {}}, {"b", {16}, {}}}, {}), 1);
  EXPECT_EQ(ChooseProfile(profiles, {{"a", {4}, {}}, {"b", {8}, {}}}, {}), 0);
}

TEST(ProfileChoiceTest, KeepsToAFixedProfile) {
  EXPECT_EQ(Choose(kBatches, {1, 3}, 2), 2);
  const Error error = ErrorOf(kBatches, {{"x", {9, 3}, {}}}, 1);
  EXPECT_EQ(error.code(), "ERR_TRT_RUN_PROFILE");
  EXPECT_STREQ(
      error.what(),
      "Input \"x\" [9,3] does not fit the session's optimisation profile: profile 1 allows 1..8 x 3: "
      "dim 0 = 9 (expected 1..8).");
  EXPECT_EQ(ErrorOf(kBatches, {{"x", {1, 3}, {}}}, 3).code(), "ERR_TRT_RUN_PROFILE");
}

TEST(ProfileChoiceTest, NamesEachDimensionAndTheNearestProfile) {
  const Profiles profiles = {{Dims({1, 3, 800, 800}, {1, 3, 800, 800}, {8, 3, 800, 1344})},
                             {Dims({1, 3, 600, 600}, {1, 3, 600, 600}, {4, 3, 600, 800})}};
  const Error error = ErrorOf(profiles, {{"x", {1, 3, 576, 768}, {}}});
  EXPECT_STREQ(error.what(),
               "Input \"x\" [1,3,576,768] fits no optimisation profile: the nearest, profile 1, allows "
               "1..4 x 3 x 600 x 600..800: dim 2 = 576 (expected 600).");
  ASSERT_EQ(error.details.size(), 2u);
  EXPECT_EQ(test::Detail(error, "profile"), std::vector<std::string>{"1"});
  EXPECT_EQ(test::Detail(error, "inputs"), std::vector<std::string>{"x"});
}

TEST(ProfileChoiceTest, NamesEachInputThatDoesNotFitAndAnotherRank) {
  const Error error =
      ErrorOf({{Dims({1}, {1}, {1}), Dims({2}, {2}, {2})}}, {{"a", {5}, {}}, {"b", {2, 2}, {}}});
  const std::string text = error.what();
  EXPECT_NE(text.find("Input \"a\" [5]"), std::string::npos) << text;
  EXPECT_NE(text.find("Input \"b\" [2,2]"), std::string::npos) << text;
  EXPECT_NE(text.find("it has 2 dimensions (expected 1)"), std::string::npos) << text;
}

TEST(ProfileChoiceTest, ComparesTheValuesOfShapeTensors) {
  const Profiles profiles = {{Values({1, -1}, {2, 0}, {4, 4})}, {Values({4, 4}, {8, 8}, {16, 16})}};
  EXPECT_EQ(ChooseProfile(profiles, {{"s", {2}, {1, -1}}}, {}), 0);
  EXPECT_EQ(ChooseProfile(profiles, {{"s", {2}, {8, 8}}}, {}), 1);
  const std::string text = ErrorOf(profiles, {{"s", {2}, {17, 5}}}).what();
  EXPECT_NE(text.find("with the values [17,5]"), std::string::npos) << text;
  EXPECT_NE(text.find("value 0 = 17 (expected 4..16)"), std::string::npos) << text;
}

TEST(ProfileChoiceTest, TakesTheFirstWhereThereIsNothingToChoose) {
  EXPECT_EQ(ChooseProfile({}, {}, {}), 0);
  EXPECT_EQ(Choose({{Dims({}, {}, {})}}, {}), 0);
  EXPECT_EQ(Choose({{Dims({0}, {0}, {8})}, {Dims({0}, {4}, {8})}}, {0}), 0);
}

}  // namespace
}  // namespace trtn::gpu
