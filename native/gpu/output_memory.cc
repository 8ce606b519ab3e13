// SPDX-License-Identifier: Apache-2.0
#include "gpu/output_memory.h"

#include <utility>

#include "core/error.h"

namespace trtn::gpu {

GrowingOutput::~GrowingOutput() {
  Begin();
  model_.counters.device_bytes -= memory_.bytes();
}

void* GrowingOutput::Reallocate(uint64_t bytes, uint64_t, cuda::StreamHandle) noexcept {
  try {
    if (bytes > memory_.bytes() || !memory_) {
      // An eighth more: sizes that depend on the data change from run to run.
      cuda::DeviceMemory grown(model_.device, bytes + bytes / 8, stream_, what_);
      model_.counters.device_bytes += grown.bytes();
      // The run may have used what it had so far.
      outgrown_.push_back(std::move(memory_));
      memory_ = std::move(grown);
    }
    return reinterpret_cast<void*>(memory_.get());
  } catch (...) {
    error_ = std::current_exception();
    return nullptr;
  }
}

void GrowingOutput::NotifyShape(const std::vector<int64_t>& dims) noexcept {
  try {
    dims_ = dims;
    has_dims_ = true;
  } catch (...) {
    error_ = std::current_exception();
  }
}

void GrowingOutput::Begin() noexcept {
  for (const cuda::DeviceMemory& memory : outgrown_) model_.counters.device_bytes -= memory.bytes();
  outgrown_.clear();
  has_dims_ = false;
  error_ = nullptr;
}

void GrowingOutput::ThrowIfFailed() const {
  if (error_) std::rethrow_exception(error_);
}

const std::vector<int64_t>& GrowingOutput::Dims() const {
  ThrowIfFailed();
  if (!has_dims_) {
    throw Error("ERR_TRT_RUN_FAILED",
                "Expected the network to tell the shape of " + what_ + ", and it did not.",
                "IOutputAllocator::notifyShape");
  }
  return dims_;
}

}  // namespace trtn::gpu
