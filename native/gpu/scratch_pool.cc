// SPDX-License-Identifier: Apache-2.0
#include "gpu/scratch_pool.h"

namespace trtn::gpu {

ScratchPool::~ScratchPool() {
  for (const std::unique_ptr<Block>& block : blocks_) *device_bytes_ -= block->memory.bytes();
  blocks_.clear();
}

void ScratchPool::Lease::Release() noexcept {
  if (block_ == nullptr) return;
  std::lock_guard<std::mutex> lock(pool_->mutex_);
  std::exchange(block_, nullptr)->is_leased = false;
}

ScratchPool::Lease ScratchPool::Acquire(int64_t bytes, uint64_t preferred) {
  std::lock_guard<std::mutex> lock(mutex_);
  const size_t needed = bytes < 1 ? 1 : static_cast<size_t>(bytes);
  Block* block = FindFree(needed, preferred);
  if (block == nullptr) block = Grow(needed);
  block->is_leased = true;
  return Lease(this, block);
}

ScratchPool::Block* ScratchPool::FindFree(size_t bytes, uint64_t preferred) {
  Block* best = nullptr;
  for (const std::unique_ptr<Block>& block : blocks_) {
    if (block->is_leased || block->memory.bytes() < bytes) continue;
    if (block->id == preferred) return block.get();
    if (best == nullptr || block->memory.bytes() < best->memory.bytes()) best = block.get();
  }
  return best;
}

ScratchPool::Block* ScratchPool::Grow(size_t bytes) {
  if (!stream_) stream_.emplace(device_);
  size_t largest = blocks_.size();
  for (size_t i = 0; i < blocks_.size(); ++i) {
    if (blocks_[i]->is_leased) continue;
    if (largest == blocks_.size() || blocks_[i]->memory.bytes() > blocks_[largest]->memory.bytes())
      largest = i;
  }
  // Freed first: the two together may be more than the device has.
  if (largest < blocks_.size()) {
    *device_bytes_ -= blocks_[largest]->memory.bytes();
    blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(largest));
  }
  auto block = std::make_unique<Block>();
  block->memory = cuda::DeviceMemory(device_, bytes, stream_->get(), "the activation memory of a run");
  // Other streams use it: it must exist before they do.
  stream_->Synchronize();
  block->id = next_id_++;
  blocks_.push_back(std::move(block));
  *device_bytes_ += blocks_.back()->memory.bytes();
  return blocks_.back().get();
}

}  // namespace trtn::gpu
