// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "gpu/model.h"

namespace trtn::gpu {

/// Device memory of an output whose size depends on the data: grows while the network runs, is kept for the
/// next run.
class GrowingOutput final : public trt::OutputMemory {
 public:
  /// `stream` must outlive it.
  GrowingOutput(Model& model, cuda::StreamHandle stream, std::string what)
      : model_(model), stream_(stream), what_(std::move(what)) {}
  ~GrowingOutput() override;
  void* Reallocate(uint64_t bytes, uint64_t alignment, cuda::StreamHandle stream) noexcept override;
  void NotifyShape(const std::vector<int64_t>& dims) noexcept override;

  /// Before a run, when nothing is in flight: forgets the last one's shape and frees what it outgrew.
  void Begin() noexcept;
  /// After the enqueue: the dims that the run told. Throws what went wrong in Reallocate(), or
  /// ERR_TRT_RUN_FAILED if the network told no shape.
  const std::vector<int64_t>& Dims() const;
  /// Rethrows what Reallocate() could not tell its caller.
  void ThrowIfFailed() const;
  cuda::DevicePointer address() const { return memory_.get(); }

 private:
  Model& model_;
  const cuda::StreamHandle stream_;
  const std::string what_;
  cuda::DeviceMemory memory_;
  std::vector<cuda::DeviceMemory> outgrown_;
  std::vector<int64_t> dims_;
  bool has_dims_ = false;
  /// Allocated in the order of the lane's stream, which may not have come to it yet.
  bool is_pending_ = false;
  std::exception_ptr error_;
};

}  // namespace trtn::gpu
