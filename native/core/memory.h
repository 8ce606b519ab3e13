// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace trtn {

/// Alignment of all host memory that tensors live in: a cache line, and the widest vector register.
constexpr size_t kTensorAlignment = 64;

/// Rounds up to kTensorAlignment.
constexpr size_t AlignUp(size_t bytes) { return (bytes + kTensorAlignment - 1) & ~(kTensorAlignment - 1); }

/// Zeroed, aligned memory that lives as long as its last reference, whoever holds it: a binding and the
/// finaliser of the ArrayBuffer over it. Never null, also for 0 bytes. Throws std::bad_alloc.
std::shared_ptr<void> AllocateTensorMemory(size_t bytes);

/// Reusable memory for the inputs of calls in flight, kept by size class (powers of two). Fresh memory costs
/// a page fault per 4 KiB, which is more than copying into memory that is already there. Thread-safe.
class StagingPool : public std::enable_shared_from_this<StagingPool> {
 public:
  /// At most this much is kept for later; what is above is freed at once.
  explicit StagingPool(size_t max_kept_bytes) : max_kept_bytes_(max_kept_bytes) {}
  ~StagingPool();
  StagingPool(const StagingPool&) = delete;
  StagingPool& operator=(const StagingPool&) = delete;

  /// Gives the memory back to its pool when it goes away. Move-only.
  class Block {
   public:
    Block() = default;
    Block(Block&& other) noexcept { *this = std::move(other); }
    Block& operator=(Block&& other) noexcept;
    ~Block() { Release(); }
    void* data() const { return data_; }
    void Release() noexcept;

   private:
    friend class StagingPool;
    std::shared_ptr<StagingPool> pool_;
    void* data_ = nullptr;
    size_t size_class_ = 0;
  };

  /// Aligned memory with undefined content. Throws std::bad_alloc.
  Block Acquire(size_t bytes);
  /// Bytes that wait for reuse.
  size_t kept_bytes() const;

 private:
  static constexpr size_t kClasses = 48;
  void Return(void* data, size_t size_class) noexcept;

  const size_t max_kept_bytes_;
  mutable std::mutex mutex_;
  size_t kept_bytes_ = 0;
  std::array<std::vector<void*>, kClasses> kept_;
};

}  // namespace trtn
