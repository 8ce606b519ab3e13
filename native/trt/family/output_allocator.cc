// SPDX-License-Identifier: Apache-2.0
#include "trt/family/output_allocator.h"

#include "trt/family/tensor_description.h"

namespace trtn::trt::TRTN_FAMILY {

void* OutputAllocator::reallocateOutputAsync(char const* name, void* current, uint64_t bytes,
                                             uint64_t alignment, cudaStream_t stream) {
  return memory_.Reallocate(bytes, alignment, stream);
}

void OutputAllocator::notifyShape(char const* name, nv::Dims const& dims) noexcept {
  try {
    memory_.NotifyShape(ToVector(dims));
  } catch (...) {
    // Out of host memory: the output keeps the shape that it had, which its owner sees.
  }
}

}  // namespace trtn::trt::TRTN_FAMILY
