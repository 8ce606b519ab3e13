// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "cuda/device_memory.h"
#include "cuda/stream.h"

namespace trtn::gpu {

/// Activation memory that contexts share when they do not run at the same time: one block is leased per run.
/// There are never more blocks than runs at once. Thread-safe; the device must be current.
class ScratchPool {
  struct Block {
    cuda::DeviceMemory memory;
    uint64_t id = 0;
    bool is_leased = false;
  };

 public:
  /// `device_bytes` counts what the pool holds.
  ScratchPool(std::shared_ptr<cuda::Device> device, std::atomic<uint64_t>* device_bytes)
      : device_(std::move(device)), device_bytes_(device_bytes) {}
  ~ScratchPool();
  ScratchPool(const ScratchPool&) = delete;
  ScratchPool& operator=(const ScratchPool&) = delete;

  /// Gives the block back when it goes away; whoever holds it has waited for the work that uses it.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept { *this = std::move(other); }
    Lease& operator=(Lease&& other) noexcept {
      Release();
      pool_ = std::exchange(other.pool_, nullptr);
      block_ = std::exchange(other.block_, nullptr);
      return *this;
    }
    ~Lease() { Release(); }
    void Release() noexcept;
    void* address() const { return reinterpret_cast<void*>(block_->memory.get()); }
    int64_t bytes() const { return static_cast<int64_t>(block_->memory.bytes()); }
    /// Never the same for two blocks, also where the second has the first one's address.
    uint64_t id() const { return block_->id; }

   private:
    friend class ScratchPool;
    Lease(ScratchPool* pool, Block* block) : pool_(pool), block_(block) {}
    ScratchPool* pool_ = nullptr;
    Block* block_ = nullptr;
  };

  /// A block of at least `bytes`: `preferred` if it is free and large enough (what was captured with it stays
  /// valid), else the smallest that is, else a new one in place of the largest free one. Throws
  /// ERR_TRT_CUDA_OUT_OF_MEMORY.
  Lease Acquire(int64_t bytes, uint64_t preferred);

 private:
  Block* FindFree(size_t bytes, uint64_t preferred);
  Block* Grow(size_t bytes);

  const std::shared_ptr<cuda::Device> device_;
  std::atomic<uint64_t>* const device_bytes_;
  std::mutex mutex_;
  std::optional<cuda::Stream> stream_;  // its blocks are allocated and freed in its order
  uint64_t next_id_ = 1;
  std::vector<std::unique_ptr<Block>> blocks_;
};

}  // namespace trtn::gpu
