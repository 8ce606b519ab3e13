// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "cuda/device.h"

namespace trtn::cuda {

/// An allocation that failed.
struct FailedAllocation {
  /// "cuMemAlloc"
  const char* call;
  /// What it was for: "the output 'y'".
  const std::string& what;
  size_t bytes;
  bool is_on_host = false;
};

/// Throws the error of a failed allocation: what Device::Check() throws, but out of memory is
/// ERR_TRT_CUDA_OUT_OF_MEMORY with details {what, needed}, and {free, total} for memory on the device as far
/// as the driver tells. The device must be current.
[[noreturn]] void ThrowAllocationError(Device& device, Result result, const FailedAllocation& failed);

/// Adds the details {free, total} to an error of TensorRT; those of the driver's calls have what there is to
/// tell.
void AddFreeMemory(Device& device, Error& error) noexcept;

}  // namespace trtn::cuda
