// SPDX-License-Identifier: Apache-2.0
#include "core/memory.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace trtn {

namespace {

constexpr size_t kSmallestClass = 6;  // 64 bytes

void* AllocateAligned(size_t bytes) {
  void* data = std::aligned_alloc(kTensorAlignment, AlignUp(bytes == 0 ? 1 : bytes));
  if (data == nullptr) throw std::bad_alloc();
  return data;
}

size_t SizeClass(size_t bytes) {
  size_t size_class = kSmallestClass;
  while ((size_t{1} << size_class) < bytes) ++size_class;
  return size_class;
}

}  // namespace

std::shared_ptr<void> AllocateTensorMemory(size_t bytes) {
  std::shared_ptr<void> memory(AllocateAligned(bytes), std::free);
  std::memset(memory.get(), 0, AlignUp(bytes == 0 ? 1 : bytes));
  return memory;
}

StagingPool::~StagingPool() {
  for (const std::vector<void*>& blocks : kept_) {
    for (void* data : blocks) std::free(data);
  }
}

StagingPool::Block& StagingPool::Block::operator=(Block&& other) noexcept {
  Release();
  pool_ = std::move(other.pool_);
  data_ = std::exchange(other.data_, nullptr);
  size_class_ = other.size_class_;
  return *this;
}

void StagingPool::Block::Release() noexcept {
  if (data_ == nullptr) return;
  pool_->Return(std::exchange(data_, nullptr), size_class_);
  pool_.reset();
}

StagingPool::Block StagingPool::Acquire(size_t bytes) {
  const size_t size_class = SizeClass(bytes);
  // Beyond the classes there is no memory of that size on any machine.
  if (size_class >= kClasses) throw std::bad_alloc();
  Block block;
  block.size_class_ = size_class;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!kept_[size_class].empty()) {
      block.data_ = kept_[size_class].back();
      kept_[size_class].pop_back();
      kept_bytes_ -= size_t{1} << size_class;
    }
  }
  if (block.data_ == nullptr) block.data_ = AllocateAligned(size_t{1} << size_class);
  block.pool_ = shared_from_this();
  return block;
}

size_t StagingPool::kept_bytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return kept_bytes_;
}

void StagingPool::Return(void* data, size_t size_class) noexcept {
  const size_t bytes = size_t{1} << size_class;
  try {
    std::lock_guard<std::mutex> lock(mutex_);
    if (kept_bytes_ + bytes <= max_kept_bytes_) {
      kept_[size_class].push_back(data);
      kept_bytes_ += bytes;
      return;
    }
  } catch (...) {
    // No memory to remember it by: free it.
  }
  std::free(data);
}

}  // namespace trtn
