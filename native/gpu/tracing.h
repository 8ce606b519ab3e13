// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <mutex>

#include "core/engine_control.h"
#include "gpu/lane.h"

namespace trtn::gpu {

/// Records one run: layer times and debug tensors. From construction until Collect() or the destructor the
/// context is being traced.
class Tracing {
 public:
  /// Throws ERR_TRT_RUN_OUTPUT_NAME for a debug tensor that the engine has not.
  Tracing(Model& model, Lane& lane, const TraceRequest& request);
  ~Tracing();
  Tracing(const Tracing&) = delete;
  Tracing& operator=(const Tracing&) = delete;

  /// What the listener could not tell TensorRT.
  void ThrowIfFailed();
  /// After the run, when its stream is done.
  void Collect(RunTrace& trace);

 private:
  bool Listen(const std::string& name, const TensorView& tensor, cuda::StreamHandle stream) noexcept;
  void CopyContent(const TensorView& to, const TensorView& tensor, cuda::StreamHandle stream);
  void Stop() noexcept;

  Model& model_;
  Lane& lane_;
  bool is_profiling_ = false;
  bool is_listening_ = false;
  // The listener may be called from a thread of TensorRT.
  std::mutex mutex_;
  std::vector<DebugTensor> debug_tensors_;
  std::exception_ptr error_;
};

}  // namespace trtn::gpu
