// SPDX-License-Identifier: Apache-2.0
//
// What an execution context knows between two inferences; enqueue.cc makes kernels of it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine.h"

namespace standin {

struct ContextState {
  Engine* engine = nullptr;
  std::shared_ptr<const Plan> plan;
  ContextSettings settings;
  int profile = 0;
  /// By index in Plan::tensors.
  std::vector<std::optional<Shape>> input_shapes;
  std::vector<void*> addresses;
  std::vector<nv::IOutputAllocator*> allocators;
  std::set<int> debug_on;
  /// The first inference after a change of shapes or profile cannot be captured.
  bool shapes_changed = true;

  void* memory = nullptr;
  int64_t memory_bytes = 0;
  cudaEvent_t input_consumed = nullptr;
  std::vector<cudaStream_t> given_aux_streams, own_aux_streams;
  cudaEvent_t fork_event = nullptr;
  std::vector<cudaEvent_t> join_events;
  /// Device memory of debug tensors inside the network, kept and grown.
  struct Buffer {
    void* address = nullptr;
    int64_t bytes = 0;
  };
  std::map<int, Buffer> debug_buffers;

  nv::IProfiler* profiler = nullptr;
  bool enqueue_emits_profile = true;
  bool has_unreported_profile = false;
  nv::IDebugListener* debug_listener = nullptr;
};

/// Why enqueueV3() returns false; thrown and caught within it.
struct EnqueueFailure {
  nv::ErrorCode code;
  const char* kind;
  std::string text;
};

/// Values of a shape tensor in host memory, nullopt while its address or shape is unknown.
std::optional<Shape> ReadShapeValues(const ContextState& state, int tensor);

/// Shapes of all tensors as far as they are known: -1 where they are not. Throws std::runtime_error where the
/// inputs do not fit each other.
std::vector<Shape> InferAllShapes(const ContextState& state);

/// Writes the outputs on the host that the shapes alone tell, where an address is set.
void WriteShapeOutputs(const ContextState& state, const std::vector<Shape>& shapes);

/// Upper bound of bytes with data-dependent dimensions at their largest.
int64_t MaxBytes(const ContextState& state, int tensor);

/// "Set dimension [9,4] for tensor x does not satisfy any optimization profiles. …"; empty if it does.
std::string ProfileProblem(const Plan& plan, int profile, const std::string& name, const Shape& shape);

/// Puts one inference on the stream. Throws EnqueueFailure.
void EnqueueNetwork(ContextState* state, cudaStream_t stream);

/// Tells the profiler of the last inference.
void ReportLayerTimes(const ContextState& state);

}  // namespace standin
