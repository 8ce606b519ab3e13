// SPDX-License-Identifier: Apache-2.0
#include "gpu/graph_runner.h"

#include <utility>

#include "core/error.h"

namespace trtn::gpu {

void GraphRunner::Submit(const Work& work) {
  const uint64_t generation = model_.generation.load(std::memory_order_acquire);
  if (generation != generation_) {
    generation_ = generation;
    graphs_.Clear();
    is_warm_ = false;
  }
  if (work.is_exempt) {
    work.enqueue();
    // What it asked for is taken away afterwards: a change like any other.
    is_warm_ = false;
    return;
  }
  if (!model_.captures_graphs()) return RunPlainly(work);
  if (work.obstacle != nullptr) {
    Refuse(work, work.obstacle);
    return RunPlainly(work);
  }
  GraphCache<cuda::GraphExec>::Entry& entry = graphs_.Use(work.key);
  if (!is_warm_ || entry.is_refused) return RunPlainly(work);
  if (!entry.has_graph && !Capture(work, entry)) return RunPlainly(work);
  Launch(work, entry);
}

void GraphRunner::Launch(const Work& work, GraphCache<cuda::GraphExec>::Entry& entry) {
  try {
    entry.graph.Launch(stream_);
    ++model_.counters.graph_launches;
    return;
  } catch (const Error& error) {
    if (model_.device->is_poisoned() || model_.settings.graphs == GraphMode::kOn) throw;
    model_.graph_failures.Add(work.shapes, error.what());
  }
  // A launch can need memory that an ordinary run does not.
  graphs_.Drop(entry);
  entry.is_refused = true;
  RunPlainly(work);
}

void GraphRunner::RunPlainly(const Work& work) {
  work.enqueue();
  is_warm_ = true;
}

void GraphRunner::Refuse(const Work& work, const std::string& reason) {
  if (model_.settings.graphs == GraphMode::kOn) {
    throw Error("ERR_TRT_RUN_GRAPH",
                "Expected the inference of " + work.shapes +
                    " to run as a CUDA graph (cudaGraph 'on'), and it cannot: " + reason);
  }
  model_.graph_failures.Add(work.shapes, reason);
}

cuda::GraphExec GraphRunner::Record(const Work& work) {
  cuda::GraphCapture capture(stream_);
  is_capturing_ = true;
  try {
    work.enqueue();
  } catch (...) {
    is_capturing_ = false;
    throw;
  }
  is_capturing_ = false;
  return capture.Finish();
}

bool GraphRunner::Capture(const Work& work, GraphCache<cuda::GraphExec>::Entry& entry) {
  std::string reason;
  try {
    if (plan_.IsCapturable(stream_.get())) {
      cuda::GraphExec graph = Record(work);
      ++model_.counters.graph_captures;
      model_.counters.graph_evictions += graphs_.Keep(entry, std::move(graph));
      return true;
    }
    reason = "TensorRT says that the engine cannot be captured now";
  } catch (const Error& error) {
    // A lost device is no matter of graphs.
    if (error.code() == "ERR_TRT_CUDA_DEVICE_LOST") throw;
    model_.device->Examine(stream_.get(), "cuStreamEndCapture");
    if (model_.device->is_poisoned()) throw;
    reason = error.what();
  }
  entry.is_refused = true;
  Refuse(work, reason);
  return false;
}

}  // namespace trtn::gpu
