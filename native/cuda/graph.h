// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cuda/stream.h"

namespace trtn::cuda {

/// A recorded sequence of work, ready to be launched again with one driver call. Move-only owner.
class GraphExec {
 public:
  GraphExec() = default;
  ~GraphExec();
  GraphExec(GraphExec&& other) noexcept;
  GraphExec& operator=(GraphExec&& other) noexcept;
  explicit operator bool() const { return handle_ != nullptr; }
  /// Enqueues; everything that was captured must still be at its address.
  void Launch(Stream& stream);

 private:
  friend class GraphCapture;
  void Destroy() noexcept;
  std::shared_ptr<Device> device_;
  GraphExecHandle handle_ = nullptr;
};

/// Records what is enqueued to a stream instead of running it, from construction to Finish(). Calls that are
/// not allowed meanwhile fail on this thread only (CU_STREAM_CAPTURE_MODE_THREAD_LOCAL). Without Finish() the
/// destructor ends the capture and throws the recording away, so that the stream is usable after an error.
class GraphCapture {
 public:
  explicit GraphCapture(Stream& stream);
  ~GraphCapture();
  GraphCapture(const GraphCapture&) = delete;
  GraphCapture& operator=(const GraphCapture&) = delete;
  /// Ends the capture and makes the graph launchable. Throws ERR_TRT_CUDA_CALL if the capture was broken.
  GraphExec Finish();

 private:
  Stream& stream_;
  bool is_open_ = true;
};

}  // namespace trtn::cuda
