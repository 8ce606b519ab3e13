// SPDX-License-Identifier: Apache-2.0
#include "core/memory.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "core/error.h"

namespace trtn {

namespace {

constexpr size_t kSmallestBits = 8;     // 256 bytes
constexpr size_t kWholeStepsBits = 16;  // up to 64 KiB one class per power of two
constexpr size_t kFirstQuarterClass = kWholeStepsBits - kSmallestBits + 1;
constexpr size_t kLargestBits = 47;  // what an address can reach
static_assert(size_t{1} << kSmallestBits == kTensorAlignment);

class HeapAllocator final : public HostAllocator {
 public:
  void* Allocate(size_t bytes) override {
    void* data = std::aligned_alloc(kTensorAlignment, AlignUp(bytes == 0 ? 1 : bytes));
    if (data == nullptr) throw std::bad_alloc();
    return data;
  }
  void Free(void* memory) noexcept override { std::free(memory); }
};

/// Beyond the classes there is no memory of that size on any machine.
size_t SizeClass(size_t bytes) {
  if (bytes > size_t{1} << kLargestBits) throw std::bad_alloc();
  size_t bits = kSmallestBits;
  while (bits < kWholeStepsBits && (size_t{1} << bits) < bytes) ++bits;
  if ((size_t{1} << bits) >= bytes) return bits - kSmallestBits;
  while ((size_t{2} << bits) < bytes) ++bits;
  const size_t base = size_t{1} << bits;
  const size_t quarters = (bytes - base + base / 4 - 1) / (base / 4);
  return kFirstQuarterClass + (bits - kWholeStepsBits) * 4 + quarters - 1;
}

size_t ClassBytes(size_t size_class) {
  if (size_class < kFirstQuarterClass) return size_t{1} << (size_class + kSmallestBits);
  const size_t step = size_class - kFirstQuarterClass;
  const size_t base = size_t{1} << (kWholeStepsBits + step / 4);
  return base + (step % 4 + 1) * (base / 4);
}

}  // namespace

std::unique_ptr<HostAllocator> MakeHeapAllocator() { return std::make_unique<HeapAllocator>(); }

HostPool::HostPool(std::unique_ptr<HostAllocator> allocator, const Limits& limits)
    : allocator_(std::move(allocator)), limits_(limits) {}

HostPool::~HostPool() {
  for (const std::vector<void*>& blocks : kept_) FreeAll(blocks);
}

HostPool::Block& HostPool::Block::operator=(Block&& other) noexcept {
  if (this == &other) return *this;
  Release();
  pool_ = std::move(other.pool_);
  data_ = std::exchange(other.data_, nullptr);
  size_class_ = other.size_class_;
  return *this;
}

void HostPool::Block::Release() noexcept {
  if (data_ == nullptr) return;
  pool_->Return(std::exchange(data_, nullptr), size_class_);
  pool_.reset();
}

HostPool::Block HostPool::Acquire(size_t bytes) {
  Block block;
  block.size_class_ = SizeClass(bytes);
  block.data_ = TakeKept(block.size_class_);
  if (block.data_ == nullptr) {
    const size_t class_bytes = ClassBytes(block.size_class_);
    Reserve(class_bytes);
    block.data_ = AllocateReserved(class_bytes);
  }
  block.pool_ = shared_from_this();
  return block;
}

std::shared_ptr<void> HostPool::AcquireShared(size_t bytes) {
  std::shared_ptr<void> memory = Share(Acquire(bytes));
  std::memset(memory.get(), 0, AlignUp(bytes == 0 ? 1 : bytes));
  return memory;
}

std::shared_ptr<void> HostPool::Share(Block block) {
  auto owner = std::make_shared<Block>(std::move(block));
  void* data = owner->data();
  return std::shared_ptr<void>(std::move(owner), data);
}

void* HostPool::TakeKept(size_t size_class) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<void*>& kept = kept_[size_class];
  if (kept.empty()) return nullptr;
  void* data = kept.back();
  kept.pop_back();
  kept_bytes_ -= ClassBytes(size_class);
  return data;
}

/// Counts the bytes as in use; what is kept goes if the limit asks for it.
void HostPool::Reserve(size_t bytes) {
  std::vector<void*> freed;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (bytes > limits_.max_total_bytes || total_bytes_ - kept_bytes_ > limits_.max_total_bytes - bytes) {
      const std::string used = std::to_string(total_bytes_ - kept_bytes_);
      const std::string limit = std::to_string(limits_.max_total_bytes);
      Error error("ERR_TRT_RUN_MEMORY_LIMIT",
                  "Expected at most " + limit + " bytes of host memory for tensors, and " + used +
                      " are in use where " + std::to_string(bytes) + " more are needed.");
      error.AddNumber("needed", bytes);
      error.AddNumber("used", total_bytes_ - kept_bytes_);
      error.AddNumber("limit", limits_.max_total_bytes);
      throw error;
    }
    freed = TakeKeptUntil(limits_.max_total_bytes - bytes);
    total_bytes_ += bytes;
  }
  FreeAll(freed);
}

/// Under the mutex: the blocks to free so that no more than `room` is in use and kept, the largest first.
std::vector<void*> HostPool::TakeKeptUntil(size_t room) {
  std::vector<void*> taken;
  for (size_t size_class = kClasses; size_class-- > 0 && total_bytes_ > room;) {
    std::vector<void*>& kept = kept_[size_class];
    while (!kept.empty() && total_bytes_ > room) {
      taken.push_back(kept.back());
      kept.pop_back();
      kept_bytes_ -= ClassBytes(size_class);
      total_bytes_ -= ClassBytes(size_class);
    }
  }
  return taken;
}

void* HostPool::AllocateReserved(size_t bytes) {
  try {
    return allocator_->Allocate(bytes);
  } catch (...) {
    // What waits for reuse may be what is missing.
    std::vector<void*> freed;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      total_bytes_ -= bytes;
      freed = TakeKeptUntil(total_bytes_ - kept_bytes_);
    }
    if (freed.empty()) throw;
    FreeAll(freed);
  }
  void* data = allocator_->Allocate(bytes);
  std::lock_guard<std::mutex> lock(mutex_);
  total_bytes_ += bytes;
  return data;
}

void HostPool::FreeAll(const std::vector<void*>& blocks) noexcept {
  for (void* data : blocks) allocator_->Free(data);
}

size_t HostPool::kept_bytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return kept_bytes_;
}

size_t HostPool::total_bytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return total_bytes_;
}

void HostPool::Return(void* data, size_t size_class) noexcept {
  const size_t bytes = ClassBytes(size_class);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    try {
      if (kept_bytes_ + bytes <= limits_.max_kept_bytes) {
        kept_[size_class].push_back(data);
        kept_bytes_ += bytes;
        return;
      }
    } catch (...) {
      // No memory to remember it by: free it.
    }
    total_bytes_ -= bytes;
  }
  allocator_->Free(data);
}

}  // namespace trtn
