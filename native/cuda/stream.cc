// SPDX-License-Identifier: Apache-2.0
#include "cuda/stream.h"

#include <algorithm>
#include <utility>

namespace trtn::cuda {
namespace {

int PriorityOf(Stream::Priority priority, const DeviceProperties& properties) {
  switch (priority) {
    case Stream::Priority::kLow:
      return properties.least_stream_priority;
    case Stream::Priority::kHigh:
      return properties.greatest_stream_priority;
    case Stream::Priority::kNormal:
      break;
  }
  // CUDA's own default, wherever the device's range lies; the highest priority is the lowest number.
  return std::clamp(0, properties.greatest_stream_priority, properties.least_stream_priority);
}

}  // namespace

Stream::Stream(std::shared_ptr<Device> device, Priority priority) : device_(std::move(device)) {
  const Result result = device_->api().cuStreamCreateWithPriority(
      &handle_, kStreamNonBlocking, PriorityOf(priority, device_->properties()));
  if (result != kSuccess) handle_ = nullptr;
  device_->Check(result, "cuStreamCreateWithPriority");
}

Stream::~Stream() { Destroy(); }

Stream::Stream(Stream&& other) noexcept
    : device_(std::move(other.device_)), handle_(std::exchange(other.handle_, nullptr)) {}

Stream& Stream::operator=(Stream&& other) noexcept {
  if (this == &other) return *this;
  Destroy();
  device_ = std::move(other.device_);
  handle_ = std::exchange(other.handle_, nullptr);
  return *this;
}

void Stream::CopyToDevice(DevicePointer device, const void* host, size_t bytes) {
  if (bytes == 0) return;
  device_->Check(device_->api().cuMemcpyHtoDAsync_v2(device, host, bytes, handle_), "cuMemcpyHtoDAsync");
}

void Stream::CopyToHost(void* host, DevicePointer device, size_t bytes) {
  if (bytes == 0) return;
  device_->Check(device_->api().cuMemcpyDtoHAsync_v2(host, device, bytes, handle_), "cuMemcpyDtoHAsync");
}

void Stream::CopyOnDevice(DevicePointer to, DevicePointer from, size_t bytes) {
  if (bytes == 0) return;
  device_->Check(device_->api().cuMemcpyDtoDAsync_v2(to, from, bytes, handle_), "cuMemcpyDtoDAsync");
}

void Stream::Fill(DevicePointer device, unsigned char value, size_t bytes) {
  if (bytes == 0) return;
  device_->Check(device_->api().cuMemsetD8Async(device, value, bytes, handle_), "cuMemsetD8Async");
}

void Stream::WaitFor(const Event& event) {
  device_->Check(device_->api().cuStreamWaitEvent(handle_, event.get(), 0), "cuStreamWaitEvent");
}

void Stream::Synchronize() {
  device_->Check(device_->api().cuStreamSynchronize(handle_), "cuStreamSynchronize");
}

void Stream::SynchronizeNoThrow() noexcept {
  if (handle_ == nullptr) return;
  const ScopedDevice scope(*device_, std::nothrow);
  device_->CheckNoThrow(device_->api().cuStreamSynchronize(handle_), "cuStreamSynchronize");
}

void Stream::Destroy() noexcept {
  if (handle_ == nullptr) return;
  const ScopedDevice scope(*device_, std::nothrow);
  // The driver lets the work run on without the stream; whoever owned its memory goes next.
  device_->CheckNoThrow(device_->api().cuStreamSynchronize(handle_), "cuStreamSynchronize");
  device_->CheckNoThrow(device_->api().cuStreamDestroy_v2(std::exchange(handle_, nullptr)),
                        "cuStreamDestroy");
}

}  // namespace trtn::cuda
