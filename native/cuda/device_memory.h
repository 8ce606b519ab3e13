// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "cuda/device.h"

namespace trtn::cuda {

/// Memory on a device. Move-only owner; DevicePointer is the view. Never 0 bytes: an empty tensor still needs
/// an address.
///
/// Comes from the device's memory pool where it has one, allocated and freed in the order of `stream`, else
/// from cuMemAlloc. The stream that it was made with must outlive it. Freeing waits for nothing: whoever
/// frees has synchronised, or frees in the order of the stream that used it.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  /// The device must be current. Throws ERR_TRT_CUDA_OUT_OF_MEMORY that says what was needed for `what` ("the
  /// output 'y'") and what was free; details {needed, free, total, what}.
  DeviceMemory(std::shared_ptr<Device> device, size_t bytes, StreamHandle stream, const std::string& what);
  ~DeviceMemory();
  DeviceMemory(DeviceMemory&& other) noexcept;
  DeviceMemory& operator=(DeviceMemory&& other) noexcept;

  DevicePointer get() const { return pointer_; }
  /// As asked for.
  size_t bytes() const { return bytes_; }
  explicit operator bool() const { return pointer_ != 0; }
  void Release() noexcept;

 private:
  std::shared_ptr<Device> device_;
  DevicePointer pointer_ = 0;
  size_t bytes_ = 0;
  StreamHandle stream_ = nullptr;
  bool is_pooled_ = false;
};

/// As DeviceMemory, but not tied to a stream of the caller: for tensors that outlive the session that made
/// them. Any stream may use it at once. Made on any thread; freed on any, when no stream uses it any more.
std::shared_ptr<void> AllocateSharedDeviceMemory(const std::shared_ptr<Device>& device, size_t bytes,
                                                 const std::string& what);
/// The device address behind AllocateSharedDeviceMemory().
inline DevicePointer AddressOf(const void* shared) { return reinterpret_cast<DevicePointer>(shared); }

}  // namespace trtn::cuda
