// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/memory.h"
#include "cuda/device.h"

namespace trtn::cuda {

/// Page-locked host memory for core/memory.h's HostPool: the device copies from and to it at full speed and
/// without a thread of ours. Allocating costs about 1 ms per MiB, hence the pool. On an integrated GPU it is
/// mapped, so that the device can use it in place.
class PinnedAllocator final : public HostAllocator {
 public:
  explicit PinnedAllocator(std::shared_ptr<Device> device) : device_(std::move(device)) {}
  /// Any thread: makes the device current for the call. Throws ERR_TRT_CUDA_OUT_OF_MEMORY.
  void* Allocate(size_t bytes) override;
  void Free(void* memory) noexcept override;

 private:
  std::shared_ptr<Device> device_;
};

/// The address under which the device sees mapped page-locked memory (properties().can_map_host_memory).
DevicePointer MappedAddress(Device& device, void* host);

}  // namespace trtn::cuda
