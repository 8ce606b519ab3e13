// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace trtn {

/// What a traced run shall record.
struct TraceRequest {
  /// Time of each layer, by TensorRT's profiler.
  bool layer_times = false;
  /// Tensors that were marked for debugging when the engine was built; empty with `all_debug_tensors` means
  /// every one of them.
  std::vector<std::string> debug_tensors;
  bool all_debug_tensors = false;
};

struct LayerTime {
  std::string layer;
  double milliseconds = 0;
};

/// A tensor inside the network, copied to the host while the network ran.
struct DebugTensor {
  std::string name;
  TensorView view;
  std::shared_ptr<void> owner;
};

struct RunTrace {
  std::vector<LayerTime> layers;
  std::vector<DebugTensor> debug_tensors;
};

/// Refit: new weights for an engine that was built refittable.
struct RefitRequest {
  /// The ONNX model with the new weights: a path, or bytes that stay valid until Refit() returns.
  std::string model_path;
  const void* model_data = nullptr;
  size_t model_bytes = 0;
};

/// Why inferences of a shape do not run as a CUDA graph.
struct GraphFailure {
  /// "images:8x3x224x224"
  std::string shapes;
  std::string reason;
};

/// Counters since the session was made; every run counts, also those of bindings. Numbers never reset.
struct ExecutionCounters {
  uint64_t runs = 0;
  uint64_t failed_runs = 0;
  /// Bytes that this library copied from host memory to host memory (copies to and from the device are not
  /// among them).
  uint64_t host_copied_bytes = 0;
  uint64_t host_to_device_bytes = 0;
  uint64_t device_to_host_bytes = 0;
  uint64_t graph_captures = 0;
  uint64_t graph_launches = 0;
  uint64_t graph_evictions = 0;
  uint64_t pinned_bytes = 0;
  uint64_t device_bytes = 0;
};

/// What a TensorRT engine can tell and do besides running. Thread-safe, blocks the calling thread.
class EngineControl {
 public:
  virtual ~EngineControl() = default;
  /// IEngineInspector's JSON for the whole engine. Throws ERR_TRT_RUN_FAILED.
  virtual std::string InspectorJson() = 0;
  /// Named numbers: layers, auxStreams, deviceMemoryBytes, weightsBytes, streamableWeightsBytes,
  /// weightStreamingBudgetBytes, refittable (0/1), profiles. What the library does not tell is absent.
  virtual std::vector<std::pair<std::string, double>> Statistics() = 0;
  virtual ExecutionCounters Counters() = 0;
  virtual std::vector<GraphFailure> GraphFailures() = 0;
  /// Names of the tensors that were marked for debugging.
  virtual std::vector<std::string> DebugTensors() = 0;
  /// No run may be in progress: the caller has all contexts (see Call::IsExclusive()). Throws
  /// ERR_TRT_RUN_REFIT with details {missing} naming weights that the model does not give.
  virtual void Refit(const RefitRequest& request) = 0;
  /// TensorRT-RTX: the kernels compiled so far, for a later process. Throws ERR_TRT_RUN_UNSUPPORTED.
  virtual std::vector<uint8_t> SerializeRuntimeCache() = 0;
  /// Min, opt and max of every input in every profile: [profile][input].
  struct Range {
    bool is_values = false;
    std::vector<int64_t> min, opt, max;
  };
  virtual const std::vector<std::vector<Range>>& profiles() const = 0;
};

}  // namespace trtn
