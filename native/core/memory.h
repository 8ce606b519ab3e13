// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace trtn {

/// Alignment of all host memory that tensors live in: what TensorRT asks of every address that the device
/// uses, which on an integrated GPU are these.
constexpr size_t kTensorAlignment = 256;

/// Rounds up to kTensorAlignment.
constexpr size_t AlignUp(size_t bytes) { return (bytes + kTensorAlignment - 1) & ~(kTensorAlignment - 1); }

/// Where a HostPool gets its memory: the heap, or the driver's page-locked memory. Thread-safe.
class HostAllocator {
 public:
  virtual ~HostAllocator() = default;
  /// At least kTensorAlignment aligned, content undefined. Throws std::bad_alloc or trtn::Error.
  virtual void* Allocate(size_t bytes) = 0;
  virtual void Free(void* memory) noexcept = 0;
};

/// Memory of the heap.
std::unique_ptr<HostAllocator> MakeHeapAllocator();

/// Reusable host memory for tensors, kept by size class: powers of two, above 64 KiB with four steps per
/// power, so that at most a fifth of a large block is unused. Fresh memory costs a page fault per 4 KiB,
/// page-locked memory much more. Thread-safe.
class HostPool : public std::enable_shared_from_this<HostPool> {
 public:
  struct Limits {
    /// At most this much is kept for later; what is above is freed at once.
    size_t max_kept_bytes = size_t{64} << 20;
    /// At most this much is in use and kept together.
    size_t max_total_bytes = SIZE_MAX;
  };

  HostPool(std::unique_ptr<HostAllocator> allocator, const Limits& limits);
  ~HostPool();
  HostPool(const HostPool&) = delete;
  HostPool& operator=(const HostPool&) = delete;

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
    friend class HostPool;
    std::shared_ptr<HostPool> pool_;
    void* data_ = nullptr;
    size_t size_class_ = 0;
  };

  /// Aligned memory with undefined content; never null, also for 0 bytes. Throws what the allocator throws,
  /// or ERR_TRT_RUN_MEMORY_LIMIT with details {needed, used, limit}.
  Block Acquire(size_t bytes);
  /// The same, zeroed, for whoever needs shared ownership: a binding and the ArrayBuffers over its memory.
  std::shared_ptr<void> AcquireShared(size_t bytes);
  /// Shared ownership of a block; its content stays as it is.
  static std::shared_ptr<void> Share(Block block);
  /// Bytes that wait for reuse.
  size_t kept_bytes() const;
  /// Bytes in use and kept.
  size_t total_bytes() const;

 private:
  static constexpr size_t kClasses = 136;
  void* TakeKept(size_t size_class);
  void Reserve(size_t bytes);
  void* AllocateReserved(size_t bytes);
  std::vector<void*> TakeKeptUntil(size_t room);
  void FreeAll(const std::vector<void*>& blocks) noexcept;
  void Return(void* data, size_t size_class) noexcept;

  const std::unique_ptr<HostAllocator> allocator_;
  const Limits limits_;
  mutable std::mutex mutex_;
  size_t kept_bytes_ = 0;
  size_t total_bytes_ = 0;
  std::array<std::vector<void*>, kClasses> kept_;
};

}  // namespace trtn
