// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>

#include "core/memory.h"

namespace trtn {
namespace {

bool IsAligned(const void* data) { return reinterpret_cast<uintptr_t>(data) % kTensorAlignment == 0; }

TEST(StagingPoolTest, HandsOutAlignedMemoryAndReusesIt) {
  auto pool = std::make_shared<StagingPool>(1 << 20);
  void* first = nullptr;
  {
    StagingPool::Block block = pool->Acquire(1000);
    first = block.data();
    EXPECT_TRUE(IsAligned(first));
    EXPECT_EQ(pool->kept_bytes(), 0u);
  }
  EXPECT_EQ(pool->kept_bytes(), 1024u);
  EXPECT_EQ(pool->Acquire(600).data(), first);
  EXPECT_NE(pool->Acquire(100).data(), first);
}

TEST(StagingPoolTest, KeepsNoMoreThanItsLimit) {
  auto pool = std::make_shared<StagingPool>(4096);
  {
    StagingPool::Block large = pool->Acquire(8192);
  }
  EXPECT_EQ(pool->kept_bytes(), 0u);
  {
    StagingPool::Block first = pool->Acquire(4096);
    StagingPool::Block second = pool->Acquire(4096);
  }
  EXPECT_EQ(pool->kept_bytes(), 4096u);
}

TEST(StagingPoolTest, ABlockOutlivesTheOwnersOfItsPool) {
  auto pool = std::make_shared<StagingPool>(4096);
  StagingPool::Block block = pool->Acquire(0);
  pool.reset();
  static_cast<char*>(block.data())[0] = 1;
  StagingPool::Block moved = std::move(block);
  EXPECT_EQ(block.data(), nullptr);
  moved.Release();
  moved.Release();
}

TEST(TensorMemoryTest, IsAlignedZeroedAndNeverNull) {
  for (size_t bytes : {size_t{0}, size_t{1}, size_t{64}, size_t{1000001}}) {
    std::shared_ptr<void> memory = AllocateTensorMemory(bytes);
    ASSERT_NE(memory, nullptr);
    EXPECT_TRUE(IsAligned(memory.get()));
    for (size_t i = 0; i < bytes; ++i) ASSERT_EQ(static_cast<char*>(memory.get())[i], 0);
  }
}

}  // namespace
}  // namespace trtn
