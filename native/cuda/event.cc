// SPDX-License-Identifier: Apache-2.0
#include "cuda/event.h"

#include <utility>

namespace trtn::cuda {
namespace {

unsigned int FlagsOf(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::kBlocking:
      return kEventBlockingSync | kEventDisableTiming;
    case Event::Kind::kSpinning:
      return kEventDisableTiming;
    case Event::Kind::kTiming:
      break;
  }
  return 0;
}

}  // namespace

Event::Event(std::shared_ptr<Device> device, Kind kind) : device_(std::move(device)) {
  const Result result = device_->api().cuEventCreate(&handle_, FlagsOf(kind));
  if (result != kSuccess) handle_ = nullptr;
  device_->Check(result, "cuEventCreate");
}

Event::~Event() { Destroy(); }

Event::Event(Event&& other) noexcept
    : device_(std::move(other.device_)), handle_(std::exchange(other.handle_, nullptr)) {}

Event& Event::operator=(Event&& other) noexcept {
  if (this == &other) return *this;
  Destroy();
  device_ = std::move(other.device_);
  handle_ = std::exchange(other.handle_, nullptr);
  return *this;
}

void Event::Record(StreamHandle stream) {
  device_->Check(device_->api().cuEventRecord(handle_, stream), "cuEventRecord");
}

void Event::RecordInGraph(StreamHandle stream) {
  device_->Check(device_->api().cuEventRecordWithFlags(handle_, stream, kEventRecordExternal),
                 "cuEventRecordWithFlags");
}

void Event::Synchronize() {
  device_->Check(device_->api().cuEventSynchronize(handle_), "cuEventSynchronize");
}

double Event::Milliseconds(const Event& start, const Event& end) {
  Device& device = *start.device_;
  float milliseconds = 0;
  device.Check(device.api().cuEventElapsedTime(&milliseconds, start.handle_, end.handle_),
               "cuEventElapsedTime");
  return milliseconds;
}

void Event::Destroy() noexcept {
  if (handle_ == nullptr) return;
  const ScopedDevice scope(*device_, std::nothrow);
  device_->CheckNoThrow(device_->api().cuEventDestroy_v2(std::exchange(handle_, nullptr)), "cuEventDestroy");
}

}  // namespace trtn::cuda
