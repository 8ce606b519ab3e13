// SPDX-License-Identifier: Apache-2.0
#include "core/packed_strings.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/error.h"

namespace trtn {
namespace {

std::vector<char> Block(const std::vector<uint32_t>& lengths, const std::string& texts) {
  std::vector<char> block(lengths.size() * sizeof(uint32_t));
  if (!lengths.empty()) std::memcpy(block.data(), lengths.data(), block.size());
  block.insert(block.end(), texts.begin(), texts.end());
  return block;
}

TensorView ViewOf(std::vector<char>& block, std::vector<int64_t> dims) {
  return {ElementType::kString, std::move(dims), block.data(), block.size(), MemoryPlace::kHost};
}

TEST(PackedStringsTest, TellsWhereEachStringIs) {
  std::vector<char> block = Block({2, 0, 3}, std::string("ab\0cd", 5));
  const TensorView view = ViewOf(block, {3});
  ASSERT_EQ(CountPackedStrings(view), 3u);
  EXPECT_EQ(PackedLength(view, 0), 2u);
  EXPECT_EQ(PackedLength(view, 1), 0u);
  EXPECT_EQ(PackedLength(view, 2), 3u);
  EXPECT_EQ(std::string(PackedTexts(view, 3), 5), std::string("ab\0cd", 5));
}

TEST(PackedStringsTest, LiesAtAnyAddress) {
  std::vector<char> block = Block({1, 1}, "xy");
  block.insert(block.begin(), '!');
  TensorView view = ViewOf(block, {2, 1});
  view.data = block.data() + 1;
  view.bytes = block.size() - 1;
  ASSERT_EQ(CountPackedStrings(view), 2u);
  EXPECT_EQ(PackedLength(view, 1), 1u);
}

TEST(PackedStringsTest, OfNothingAreNoBytes) {
  EXPECT_EQ(CountPackedStrings({ElementType::kString, {3, 0}, nullptr, 0, MemoryPlace::kHost}), 0u);
}

TEST(PackedStringsTest, NeverReachBeyondTheirBytes) {
  struct Case {
    std::vector<char> block;
    std::vector<int64_t> dims;
  };
  Case cases[] = {
      {Block({2}, "a"), {1}},           // a text that ends early
      {Block({0xffffffff}, "a"), {1}},  // and one that is far too long
      {Block({1}, "ab"), {1}},          // bytes that no string has
      {Block({1}, "a"), {2}},           // lengths that are not there
      {Block({1}, "a"), {1'000'000'000'000}},
      {Block({}, "abc"), {1}},
      {Block({}, "a"), {0}},
  };
  for (Case& one : cases) {
    try {
      CountPackedStrings(ViewOf(one.block, one.dims));
      ADD_FAILURE() << "nothing was thrown for " << one.block.size() << " bytes";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), "ERR_TRT_RUN_INPUT_SIZE");
    }
  }
}

}  // namespace
}  // namespace trtn
