// SPDX-License-Identifier: Apache-2.0
#include "addon/device_copy.h"

#include <algorithm>
#include <cstring>

#include "cuda/device_memory.h"
#include "cuda/pinned_memory.h"
#include "cuda/stream.h"

namespace trtn {
namespace {

constexpr size_t kBlockBytes = size_t{4} << 20;

/// Calls `copy(stream, block, offset, bytes)` for one piece after the other.
template <class Copy>
void InPieces(const std::shared_ptr<cuda::Device>& device, size_t total, Copy copy) {
  if (total == 0) return;
  cuda::ScopedDevice scope(*device);
  cuda::PinnedAllocator allocator(device);
  const size_t block_bytes = std::min(total, kBlockBytes);
  const auto free = [&allocator](void* memory) { allocator.Free(memory); };
  const std::unique_ptr<void, decltype(free)> block(allocator.Allocate(block_bytes), free);
  cuda::Stream stream(device);
  try {
    for (size_t offset = 0; offset < total; offset += block_bytes)
      copy(stream, block.get(), offset, std::min(block_bytes, total - offset));
  } catch (...) {
    // The block goes only once nothing uses it.
    stream.SynchronizeNoThrow();
    throw;
  }
}

}  // namespace

std::shared_ptr<cuda::Device> OpenDevice(const DeviceAddress& address) {
  std::shared_ptr<cuda::Device> device =
      cuda::Device::Open(cuda::Driver::Open(address.driver_library), address.ordinal);
  device->ThrowIfPoisoned();
  return device;
}

void CopyToHost(const std::shared_ptr<cuda::Device>& device, void* to, const void* from, size_t bytes) {
  const cuda::DevicePointer source = cuda::AddressOf(from);
  InPieces(device, bytes, [&](cuda::Stream& stream, void* block, size_t offset, size_t piece) {
    stream.CopyToHost(block, source + offset, piece);
    stream.Synchronize();
    std::memcpy(static_cast<char*>(to) + offset, block, piece);
  });
}

void CopyToDevice(const std::shared_ptr<cuda::Device>& device, void* to, const void* from, size_t bytes) {
  const cuda::DevicePointer target = cuda::AddressOf(to);
  InPieces(device, bytes, [&](cuda::Stream& stream, void* block, size_t offset, size_t piece) {
    std::memcpy(block, static_cast<const char*>(from) + offset, piece);
    stream.CopyToDevice(target + offset, block, piece);
    stream.Synchronize();
  });
}

}  // namespace trtn
