// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#include "core/error.h"
#include "core/memory.h"
#include "test/support/error_details.h"

namespace trtn {
namespace {

/// Counts what is allocated, and fails when `failures` are left.
class CountingAllocator final : public HostAllocator {
 public:
  struct Counts {
    size_t live = 0, live_bytes = 0, failures = 0, last_bytes = 0;
  };
  explicit CountingAllocator(Counts* counts) : counts_(counts) {}
  void* Allocate(size_t bytes) override {
    if (counts_->failures > 0) {
      --counts_->failures;
      throw std::bad_alloc();
    }
    ++counts_->live;
    counts_->last_bytes = bytes;
    return heap_->Allocate(bytes);
  }
  void Free(void* memory) noexcept override {
    --counts_->live;
    heap_->Free(memory);
  }

 private:
  std::unique_ptr<HostAllocator> heap_ = MakeHeapAllocator();
  Counts* counts_;
};

std::shared_ptr<HostPool> MakePool(size_t max_kept, size_t max_total = SIZE_MAX) {
  HostPool::Limits limits;
  limits.max_kept_bytes = max_kept;
  limits.max_total_bytes = max_total;
  return std::make_shared<HostPool>(MakeHeapAllocator(), limits);
}

bool IsAligned(const void* data) { return reinterpret_cast<uintptr_t>(data) % kTensorAlignment == 0; }

TEST(HostPoolTest, HandsOutAlignedMemoryAndReusesIt) {
  auto pool = MakePool(1 << 20);
  void* first = nullptr;
  {
    HostPool::Block block = pool->Acquire(1000);
    first = block.data();
    EXPECT_TRUE(IsAligned(first));
    EXPECT_EQ(pool->kept_bytes(), 0u);
    EXPECT_EQ(pool->total_bytes(), 1024u);
  }
  EXPECT_EQ(pool->kept_bytes(), 1024u);
  EXPECT_EQ(pool->Acquire(600).data(), first);
  EXPECT_NE(pool->Acquire(100).data(), first);
}

TEST(HostPoolTest, KeepsNoMoreThanItsLimit) {
  auto pool = MakePool(4096);
  {
    HostPool::Block large = pool->Acquire(8192);
  }
  EXPECT_EQ(pool->kept_bytes(), 0u);
  EXPECT_EQ(pool->total_bytes(), 0u);
  {
    HostPool::Block first = pool->Acquire(4096);
    HostPool::Block second = pool->Acquire(4096);
  }
  EXPECT_EQ(pool->kept_bytes(), 4096u);
}

TEST(HostPoolTest, ABlockOutlivesTheOwnersOfItsPool) {
  auto pool = MakePool(4096);
  HostPool::Block block = pool->Acquire(0);
  pool.reset();
  static_cast<char*>(block.data())[0] = 1;
  HostPool::Block moved = std::move(block);
  EXPECT_EQ(block.data(), nullptr);
  moved.Release();
  moved.Release();
}

TEST(HostPoolTest, WastesAtMostAFifthOfALargeBlock) {
  CountingAllocator::Counts counts;
  HostPool::Limits limits;
  limits.max_kept_bytes = 0;
  auto pool = std::make_shared<HostPool>(std::make_unique<CountingAllocator>(&counts), limits);
  for (size_t bytes : {65536, 65537, 81920, 81921, 98304, 114689, 131072, 131073, 4816896, 4194305}) {
    HostPool::Block block = pool->Acquire(bytes);
    EXPECT_GE(counts.last_bytes, bytes);
    EXPECT_LE(counts.last_bytes - bytes, counts.last_bytes / 5) << bytes;
    EXPECT_EQ(pool->total_bytes(), counts.last_bytes);
  }
  EXPECT_EQ(counts.live, 0u);
}

TEST(HostPoolTest, RefusesMoreThanTheTotalLimitAndFreesWhatIsKeptBefore) {
  auto pool = MakePool(1 << 20, 10000);
  {
    HostPool::Block kept = pool->Acquire(4096);
  }
  EXPECT_EQ(pool->kept_bytes(), 4096u);
  HostPool::Block large = pool->Acquire(8192);
  EXPECT_EQ(pool->kept_bytes(), 0u);
  EXPECT_EQ(pool->total_bytes(), 8192u);
  try {
    pool->Acquire(4000);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "ERR_TRT_RUN_MEMORY_LIMIT");
    ASSERT_EQ(error.details.size(), 3u);
    EXPECT_EQ(test::Detail(error, "needed"), std::vector<std::string>{"4096"});
    EXPECT_EQ(test::Detail(error, "used"), std::vector<std::string>{"8192"});
    EXPECT_EQ(test::Detail(error, "limit"), std::vector<std::string>{"10000"});
  }
  large.Release();
  EXPECT_NE(pool->Acquire(4000).data(), nullptr);
}

TEST(HostPoolTest, FreesWhatIsKeptWhereTheAllocatorFailsAndTriesAgain) {
  CountingAllocator::Counts counts;
  auto pool = std::make_shared<HostPool>(std::make_unique<CountingAllocator>(&counts), HostPool::Limits());
  {
    HostPool::Block kept = pool->Acquire(4096);
  }
  counts.failures = 1;
  HostPool::Block block = pool->Acquire(8192);
  EXPECT_NE(block.data(), nullptr);
  EXPECT_EQ(counts.live, 1u);
  counts.failures = 1;
  EXPECT_THROW(pool->Acquire(100), std::bad_alloc);
  EXPECT_EQ(pool->total_bytes(), 8192u);
}

TEST(HostPoolTest, RefusesSizesThatNoMachineHas) {
  EXPECT_THROW(MakePool(0)->Acquire(SIZE_MAX), std::bad_alloc);
  EXPECT_THROW(MakePool(0)->Acquire(SIZE_MAX / 2), std::bad_alloc);
}

TEST(HostPoolTest, SharedMemoryIsAlignedZeroedAndNeverNull) {
  auto pool = MakePool(1 << 22);
  for (int round = 0; round < 2; ++round) {
    for (size_t bytes : {size_t{0}, size_t{1}, size_t{64}, size_t{1000001}}) {
      std::shared_ptr<void> memory = pool->AcquireShared(bytes);
      ASSERT_NE(memory, nullptr);
      EXPECT_TRUE(IsAligned(memory.get()));
      for (size_t i = 0; i < bytes; ++i) {
        ASSERT_EQ(static_cast<char*>(memory.get())[i], 0);
        static_cast<char*>(memory.get())[i] = 1;
      }
    }
  }
}

}  // namespace
}  // namespace trtn
