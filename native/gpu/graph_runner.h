// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "cuda/graph.h"
#include "gpu/graph_cache.h"
#include "gpu/model.h"

namespace trtn::gpu {

/// Puts a context's work on its stream, as a captured graph where that is possible.
///
/// A graph is valid for the state that its context had when it was captured, and the first enqueue after a
/// change of shapes also does what TensorRT put off until then. So the first run after a change is never a
/// graph: the second one launches the graph of these shapes, or captures it.
class GraphRunner {
 public:
  struct Work {
    /// Enqueues the work; called for a plain run and for a capture.
    const std::function<void()>& enqueue;
    /// Tells what is captured from everything else that might be.
    const std::string& key;
    /// "images:8x3x224x224", for GraphFailure.
    const std::string& shapes;
    /// Why this work cannot be captured; null if it can.
    const char* obstacle = nullptr;
    /// Runs plainly in every mode, without a word: the caller asked for what graphs do not have.
    bool is_exempt = false;
  };

  GraphRunner(Model& model, trt::PlanContext& plan, cuda::Stream& stream)
      : model_(model), plan_(plan), stream_(stream), graphs_(model.settings.graph_limit) {}

  /// Throws what `enqueue` throws, and ERR_TRT_RUN_GRAPH in the mode kOn where there can be no graph. A
  /// capture that fails leaves the stream usable.
  void Submit(const Work& work);
  /// The context's shapes or values are others.
  void NoteChange() noexcept { is_warm_ = false; }
  /// Memory that graphs may use goes away.
  void Clear() noexcept { graphs_.Clear(); }
  /// Work that is enqueued now goes into a graph.
  bool is_capturing() const { return is_capturing_; }

 private:
  void Refuse(const Work& work, const std::string& reason);
  void RunPlainly(const Work& work);
  void Launch(const Work& work, GraphCache<cuda::GraphExec>::Entry& entry);
  bool Capture(const Work& work, GraphCache<cuda::GraphExec>::Entry& entry);
  cuda::GraphExec Record(const Work& work);

  Model& model_;
  trt::PlanContext& plan_;
  cuda::Stream& stream_;
  GraphCache<cuda::GraphExec> graphs_;
  /// An enqueue has followed the last change.
  bool is_warm_ = false;
  bool is_capturing_ = false;
  uint64_t generation_ = 0;
};

}  // namespace trtn::gpu
