// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <string>

#include "cuda/driver.h"
#include "cuda/driver_probe.h"

namespace trtn::cuda {

/// Free and total bytes of a device's memory.
struct MemoryInfo {
  uint64_t free_bytes = 0;
  uint64_t total_bytes = 0;
};

/// Facts of a device that do not change: what the probe tells, and what those who use the device want
/// besides.
struct DeviceProperties : DeviceInfo {
  int multiprocessors = 0;
  /// Page-locked host memory can be used in place; where the GPU is integrated, nothing is copied then.
  bool can_map_host_memory = false;
  /// cuMemAllocAsync and its companions are there and the device supports them.
  bool has_memory_pools = false;
  /// Numerically lowest is the highest priority (CUDA's convention): least >= greatest.
  int least_stream_priority = 0;
  int greatest_stream_priority = 0;
};

class ScopedDevice;

/// A GPU in use: its primary context, retained, and what is known about its health.
///
/// One instance per driver and ordinal while anybody holds it (Open() shares it); the primary context is
/// released with the last owner. Everything that lives on the device (streams, memory, engines) holds a
/// shared_ptr, so the device outlives it. Thread-safe.
class Device : public std::enable_shared_from_this<Device> {
 public:
  /// Throws ERR_TRT_RUN_DEVICE if there is no such ordinal, ERR_TRT_CUDA_CALL or ERR_TRT_CUDA_DEVICE_LOST if
  /// the context cannot be had (an exclusive device that another process holds).
  static std::shared_ptr<Device> Open(std::shared_ptr<const Driver> driver, int ordinal);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const Driver& driver() const { return *driver_; }
  const DriverApi& api() const { return driver_->api(); }
  const DeviceProperties& properties() const { return properties_; }
  /// "cuda:0".
  std::string name() const { return "cuda:" + std::to_string(properties_.ordinal); }

  /// Makes the context current on this thread. On threads of our own (OwnThread) only the first call does
  /// something.
  void Activate();
  /// ThrowIfPoisoned(), and a scope in which the device is current.
  ScopedDevice Use();
  /// Throws on failure: the error of Driver::MakeError(), or that of ThrowIfPoisoned() where the device was
  /// poisoned before. A sticky result poisons the device first. `context` as for MakeError().
  void Check(Result result, const char* call, const std::string& context = {});
  /// For destructors: remembers a sticky result, never throws.
  void CheckNoThrow(Result result, const char* call) noexcept;

  /// After a sticky error nothing on this device works any more until the context is gone. Throws
  /// ERR_TRT_CUDA_POISONED with the first cause as text and details {cause, call, result}.
  void ThrowIfPoisoned() const;
  bool is_poisoned() const { return is_poisoned_.load(std::memory_order_acquire); }
  /// The first sticky error, "" if none.
  std::string poison_cause() const;
  /// Called where TensorRT rather than the driver reports the failure: asks the driver (cuCtxSynchronize is
  /// not called; cuStreamQuery of `stream` is) whether the context is lost, and poisons the device if so.
  void Examine(StreamHandle stream, const char* call) noexcept;

  /// Free memory without what the device's pool keeps for reuse. The device must be current.
  MemoryInfo memory();
  /// The stream in whose order memory is allocated and freed that belongs to no other stream. Made at first
  /// use; the device must be current then. Lives as long as the device.
  StreamHandle MemoryStream();

 private:
  friend class ScopedDevice;
  Device(std::shared_ptr<const Driver> driver, int ordinal);
  void Describe(int ordinal);
  void RetainContext();
  void SetUpPool();
  void CloseMemoryStream() noexcept;
  /// False if the device was poisoned before.
  bool Poison(Result result, const char* call) noexcept;

  const std::shared_ptr<const Driver> driver_;
  /// Never used twice: tells a device from one that died and had the same address.
  const uint64_t id_;
  DeviceProperties properties_;
  DeviceHandle handle_ = 0;
  ContextHandle context_ = nullptr;
  MemoryPoolHandle pool_ = nullptr;
  StreamHandle memory_stream_ = nullptr;
  std::atomic<bool> is_poisoned_{false};
  mutable std::mutex mutex_;
  std::string poison_cause_, poison_call_;
  Result poison_result_ = kSuccess;
};

/// Makes a device current for a scope on a thread that is not ours (the JavaScript thread) and puts back what
/// was current. On a thread of our own that has the device current it does nothing.
class ScopedDevice {
 public:
  explicit ScopedDevice(Device& device);
  /// For destructors: goes on where the device cannot be made current (a driver that is shutting down).
  ScopedDevice(Device& device, std::nothrow_t) noexcept;
  ~ScopedDevice();
  ScopedDevice(const ScopedDevice&) = delete;
  ScopedDevice& operator=(const ScopedDevice&) = delete;

 private:
  Result Push() noexcept;
  Device& device_;
  bool is_pushed_ = false;
  /// What Activate() had remembered of this thread.
  uint64_t outer_id_ = 0;
};

/// Declares that nobody but this library makes contexts current on this thread: Device::Activate() then
/// remembers what is current and saves the driver call. Held for the life of a session's thread.
class OwnThread {
 public:
  OwnThread();
  ~OwnThread();
  OwnThread(const OwnThread&) = delete;
  OwnThread& operator=(const OwnThread&) = delete;
};

}  // namespace trtn::cuda
