// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

#include "cuda/device.h"
#include "cuda/event.h"

namespace trtn::cuda {

/// A non-blocking stream. Move-only owner; StreamHandle (driver_api.h) is the view.
///
/// Members enqueue and return, unless they say that they block. The device must be current. The destructor
/// blocks until the stream's work is done, on any thread.
class Stream {
 public:
  enum class Priority { kLow, kNormal, kHigh };

  explicit Stream(std::shared_ptr<Device> device, Priority priority = Priority::kNormal);
  ~Stream();
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;

  StreamHandle get() const { return handle_; }
  Device& device() const { return *device_; }

  /// `host` must be page-locked, else the driver copies synchronously; neither side may be freed before the
  /// stream has passed this point.
  void CopyToDevice(DevicePointer device, const void* host, size_t bytes);
  void CopyToHost(void* host, DevicePointer device, size_t bytes);
  void CopyOnDevice(DevicePointer to, DevicePointer from, size_t bytes);
  void Fill(DevicePointer device, unsigned char value, size_t bytes);
  /// Work that is enqueued later waits for the event on the device.
  void WaitFor(const Event& event);
  /// Blocks the thread until all work so far is done. Throws the stream's error.
  void Synchronize();
  /// Blocks; never throws: for destructors and for cleaning up after an error.
  void SynchronizeNoThrow() noexcept;

 private:
  void Destroy() noexcept;
  std::shared_ptr<Device> device_;
  StreamHandle handle_ = nullptr;
};

}  // namespace trtn::cuda
