// SPDX-License-Identifier: Apache-2.0
#include "cuda/pinned_memory.h"

#include <algorithm>

#include "cuda/memory_error.h"

namespace trtn::cuda {

void* PinnedAllocator::Allocate(size_t bytes) {
  const ScopedDevice scope(*device_);
  const DeviceProperties& properties = device_->properties();
  unsigned int flags = kHostAllocPortable;
  if (properties.is_integrated && properties.can_map_host_memory) flags |= kHostAllocDeviceMap;
  void* memory = nullptr;
  const Result result = device_->api().cuMemHostAlloc(&memory, std::max<size_t>(bytes, 1), flags);
  if (result != kSuccess) {
    ThrowAllocationError(*device_, result, {"cuMemHostAlloc", "page-locked tensors", bytes, true});
  }
  return memory;
}

void PinnedAllocator::Free(void* memory) noexcept {
  if (memory == nullptr) return;
  const ScopedDevice scope(*device_, std::nothrow);
  device_->CheckNoThrow(device_->api().cuMemFreeHost(memory), "cuMemFreeHost");
}

DevicePointer MappedAddress(Device& device, void* host) {
  DevicePointer pointer = 0;
  device.Check(device.api().cuMemHostGetDevicePointer_v2(&pointer, host, 0), "cuMemHostGetDevicePointer");
  return pointer;
}

}  // namespace trtn::cuda
