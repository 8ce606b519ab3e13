// SPDX-License-Identifier: Apache-2.0
#include "cuda/device_memory.h"

#include <algorithm>
#include <utility>

#include "cuda/memory_error.h"

namespace trtn::cuda {
namespace {

/// An empty tensor needs an address too, and the driver gives none for 0 bytes.
size_t AtLeastOne(size_t bytes) { return std::max<size_t>(bytes, 1); }

DevicePointer Allocate(Device& device, size_t bytes, const std::string& what) {
  DevicePointer pointer = 0;
  const Result result = device.api().cuMemAlloc_v2(&pointer, AtLeastOne(bytes));
  if (result != kSuccess) ThrowAllocationError(device, result, {"cuMemAlloc", what, bytes});
  return pointer;
}

void Free(Device& device, DevicePointer pointer) noexcept {
  const ScopedDevice scope(device, std::nothrow);
  device.CheckNoThrow(device.api().cuMemFree_v2(pointer), "cuMemFree");
}

/// cuMemFree() waits for everything that the device does; freeing in a stream's order waits for nothing.
std::shared_ptr<void> AllocateFromPool(const std::shared_ptr<Device>& device, size_t bytes,
                                       const std::string& what) {
  const StreamHandle stream = device->MemoryStream();
  const auto allocate = [&](DevicePointer* pointer) {
    return device->api().cuMemAllocAsync(pointer, AtLeastOne(bytes), stream);
  };
  DevicePointer pointer = 0;
  Result result = allocate(&pointer);
  // What was freed before may still be queued.
  if (result == kOutOfMemory && device->api().cuStreamSynchronize(stream) == kSuccess)
    result = allocate(&pointer);
  if (result != kSuccess) ThrowAllocationError(*device, result, {"cuMemAllocAsync", what, bytes});
  std::shared_ptr<void> memory(reinterpret_cast<void*>(pointer), [device, stream](void* owned) {
    const ScopedDevice scope(*device, std::nothrow);
    device->CheckNoThrow(device->api().cuMemFreeAsync(AddressOf(owned), stream), "cuMemFreeAsync");
  });
  // Other streams may use it from now on.
  device->Check(device->api().cuStreamSynchronize(stream), "cuStreamSynchronize");
  return memory;
}

}  // namespace

DeviceMemory::DeviceMemory(std::shared_ptr<Device> device, size_t bytes, StreamHandle stream,
                           const std::string& what)
    : device_(std::move(device)),
      bytes_(bytes),
      stream_(stream),
      is_pooled_(device_->properties().has_memory_pools) {
  if (!is_pooled_) {
    pointer_ = Allocate(*device_, bytes, what);
    return;
  }
  const Result result = device_->api().cuMemAllocAsync(&pointer_, AtLeastOne(bytes), stream);
  if (result != kSuccess) ThrowAllocationError(*device_, result, {"cuMemAllocAsync", what, bytes});
}

DeviceMemory::~DeviceMemory() { Release(); }

DeviceMemory::DeviceMemory(DeviceMemory&& other) noexcept
    : device_(std::move(other.device_)),
      pointer_(std::exchange(other.pointer_, 0)),
      bytes_(std::exchange(other.bytes_, 0)),
      stream_(other.stream_),
      is_pooled_(other.is_pooled_) {}

DeviceMemory& DeviceMemory::operator=(DeviceMemory&& other) noexcept {
  if (this == &other) return *this;
  Release();
  device_ = std::move(other.device_);
  pointer_ = std::exchange(other.pointer_, 0);
  bytes_ = std::exchange(other.bytes_, 0);
  stream_ = other.stream_;
  is_pooled_ = other.is_pooled_;
  return *this;
}

void DeviceMemory::Release() noexcept {
  if (pointer_ == 0) return;
  const DevicePointer pointer = std::exchange(pointer_, 0);
  bytes_ = 0;
  if (is_pooled_) {
    const ScopedDevice scope(*device_, std::nothrow);
    device_->CheckNoThrow(device_->api().cuMemFreeAsync(pointer, stream_), "cuMemFreeAsync");
  } else {
    Free(*device_, pointer);
  }
  device_.reset();
}

std::shared_ptr<void> AllocateSharedDeviceMemory(const std::shared_ptr<Device>& device, size_t bytes,
                                                 const std::string& what) {
  const ScopedDevice scope(*device);
  if (device->properties().has_memory_pools) return AllocateFromPool(device, bytes, what);
  const DevicePointer pointer = Allocate(*device, bytes, what);
  // If this throws, shared_ptr calls the deleter.
  return std::shared_ptr<void>(reinterpret_cast<void*>(pointer),
                               [device](void* memory) { Free(*device, AddressOf(memory)); });
}

}  // namespace trtn::cuda
