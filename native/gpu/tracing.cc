// SPDX-License-Identifier: Apache-2.0
#include "gpu/tracing.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace trtn::gpu {

namespace {

void RequireDebugTensors(Model& model, const std::vector<std::string>& names) {
  if (names.empty()) return;
  const std::vector<std::string> known = model.engine->DebugTensors();
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (const std::string& one : known) list += (list.empty() ? "'" : ", '") + one + "'";
    throw Error("ERR_TRT_RUN_OUTPUT_NAME",
                "Expected a tensor that was marked for debugging when the engine was built (" +
                    (list.empty() ? std::string("it has none") : list) + "), got '" + name + "'.");
  }
}

}  // namespace

Tracing::Tracing(Model& model, Lane& lane, const TraceRequest& request) : model_(model), lane_(lane) {
  RequireDebugTensors(model, request.debug_tensors);
  try {
    if (request.all_debug_tensors || !request.debug_tensors.empty()) {
      is_listening_ = true;
      lane_.plan().SetDebugListener(
          [this](const std::string& name, const TensorView& tensor, cuda::StreamHandle stream) {
            return Listen(name, tensor, stream);
          },
          request.debug_tensors, request.all_debug_tensors);
    }
    if (request.layer_times) {
      is_profiling_ = true;
      lane_.plan().StartProfiling();
    }
  } catch (...) {
    Stop();
    throw;
  }
}

Tracing::~Tracing() { Stop(); }

bool Tracing::Listen(const std::string& name, const TensorView& tensor, cuda::StreamHandle stream) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  try {
    DebugTensor copy;
    copy.name = name;
    copy.view = tensor;
    copy.view.place = MemoryPlace::kHost;
    if (ElementBits(tensor.type) == 0) {
      // A type that this library has no name for: what is known of its bytes.
      copy.view.type = ElementType::kUInt8;
      copy.view.dims = {static_cast<int64_t>(tensor.bytes)};
    }
    copy.owner = HostPool::Share(model_.host_pool->Acquire(copy.view.bytes));
    copy.view.data = copy.owner.get();
    // Kept before anything is in flight: from then on the memory lives until the run is over.
    debug_tensors_.push_back(std::move(copy));
    CopyContent(debug_tensors_.back().view, tensor, stream);
    return true;
  } catch (...) {
    error_ = std::current_exception();
    return false;
  }
}

void Tracing::CopyContent(const TensorView& to, const TensorView& tensor, cuda::StreamHandle stream) {
  if (to.bytes == 0) return;
  if (tensor.place == MemoryPlace::kHost) {
    std::memcpy(to.data, tensor.data, to.bytes);
    return;
  }
  cuda::Device& device = *model_.device;
  device.Check(device.api().cuMemcpyDtoHAsync_v2(to.data, reinterpret_cast<cuda::DevicePointer>(tensor.data),
                                                 to.bytes, stream),
               "cuMemcpyDtoHAsync_v2");
  // After the listener has returned the memory may have another content.
  device.Check(device.api().cuStreamSynchronize(stream), "cuStreamSynchronize");
  model_.counters.device_to_host_bytes += to.bytes;
}

void Tracing::ThrowIfFailed() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (error_) std::rethrow_exception(error_);
}

void Tracing::Collect(RunTrace& trace) {
  ThrowIfFailed();
  if (is_profiling_) {
    is_profiling_ = false;
    trace.layers = lane_.plan().LayerTimes();
  }
  Stop();
  trace.debug_tensors = std::move(debug_tensors_);
}

void Tracing::Stop() noexcept {
  if (std::exchange(is_listening_, false)) lane_.plan().ClearDebugListener();
  if (!std::exchange(is_profiling_, false)) return;
  try {
    lane_.plan().LayerTimes();
  } catch (...) {
    // The run has failed already; its times are of no interest.
  }
}

}  // namespace trtn::gpu
