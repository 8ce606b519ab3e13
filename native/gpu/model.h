// SPDX-License-Identifier: Apache-2.0
//
// What all contexts and bindings of a plan share. Contexts hold it, so it outlives them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/memory.h"
#include "cuda/device.h"
#include "gpu/gpu_model.h"
#include "gpu/graph_cache.h"
#include "gpu/scratch_pool.h"
#include "trt/plan.h"

namespace trtn::gpu {

/// ExecutionCounters, counted by many threads.
struct Counters {
  std::atomic<uint64_t> runs{0}, failed_runs{0};
  std::atomic<uint64_t> host_copied_bytes{0}, host_to_device_bytes{0}, device_to_host_bytes{0};
  std::atomic<uint64_t> graph_captures{0}, graph_launches{0}, graph_evictions{0};
  std::atomic<uint64_t> device_bytes{0};
};

struct Model {
  /// `pinned_limit_bytes` bounds the page-locked memory. Throws ERR_TRT_RUN_UNSUPPORTED for tensors that are
  /// not linear.
  Model(std::shared_ptr<cuda::Device> opened, std::shared_ptr<trt::PlanRuntime> made_by,
        std::shared_ptr<trt::PlanEngine> plan, const RunSettings& wanted, uint64_t pinned_limit_bytes);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const trt::PlanTensor& input(size_t i) const { return engine->tensors()[input_tensors[i]]; }
  const trt::PlanTensor& output(size_t i) const { return engine->tensors()[output_tensors[i]]; }
  bool captures_graphs() const {
    return settings.graphs != GraphMode::kOff && settings.graph_limit > 0 && !settings.context.library_graphs;
  }

  const RunSettings settings;
  const std::shared_ptr<cuda::Device> device;
  std::shared_ptr<trt::PlanRuntime> runtime;
  std::shared_ptr<trt::PlanEngine> engine;
  /// In the plan's order, and where they stand among its tensors.
  std::vector<TensorInfo> inputs, outputs;
  std::vector<size_t> input_tensors, output_tensors;
  /// The device uses page-locked memory in place: nothing is copied.
  const bool uses_mapped_memory;
  std::shared_ptr<HostPool> host_pool;
  Counters counters;
  GraphFailureList graph_failures;
  /// Counts refits: what was captured before one is of no use any more.
  std::atomic<uint64_t> generation{0};
  std::unique_ptr<ScratchPool> scratch;
};

}  // namespace trtn::gpu
