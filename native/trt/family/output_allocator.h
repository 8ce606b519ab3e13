// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trt/family/nvinfer.h"
#include "trt/plan.h"

namespace trtn::trt::TRTN_FAMILY {

/// Gives TensorRT the memory of one output from an OutputMemory.
class OutputAllocator final : public nv::IOutputAllocator {
 public:
  explicit OutputAllocator(OutputMemory& memory) : memory_(memory) {}

  // The older reallocateOutput() of families 10 and 11 is only what the default of this method calls.
  void* reallocateOutputAsync(char const* name, void* current, uint64_t bytes, uint64_t alignment,
                              cudaStream_t stream) override;
  void notifyShape(char const* name, nv::Dims const& dims) noexcept override;

 private:
  OutputMemory& memory_;
};

}  // namespace trtn::trt::TRTN_FAMILY
