// SPDX-License-Identifier: Apache-2.0
#include "gpu/output_memory.h"

#include <utility>

#include "core/error.h"

namespace trtn::gpu {

GrowingOutput::~GrowingOutput() {
  Begin();
  model_.counters.device_bytes -= memory_.bytes();
}

void* GrowingOutput::Reallocate(uint64_t bytes, uint64_t alignment, cuda::StreamHandle stream) noexcept {
  try {
    if (bytes > memory_.bytes() || !memory_) {
      // An eighth more: sizes that depend on the data change from run to run.
      cuda::DeviceMemory grown(model_.device, bytes + bytes / 8, stream_, what_);
      model_.counters.device_bytes += grown.bytes();
      // The run may have used what it had so far.
      outgrown_.push_back(std::move(memory_));
      memory_ = std::move(grown);
      is_pending_ = true;
    }
    if (is_pending_ && stream != stream_) {
      model_.device->Check(model_.device->api().cuStreamSynchronize(stream_), "cuStreamSynchronize");
      is_pending_ = false;
    }
    if (alignment > 1 && memory_.get() % alignment != 0) {
      throw Error("ERR_TRT_RUN_FAILED",
                  "Expected to need no more than the alignment of the driver's memory, got " +
                      std::to_string(alignment) + " bytes for " + what_ + ".",
                  "IOutputAllocator::reallocateOutputAsync");
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
  is_pending_ = false;
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
