// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/executable.h"
#include "core/stage_log.h"
#include "cuda/stream.h"
#include "trt/plan.h"

namespace trtn::gpu {

enum class GraphMode { kOff, kAuto, kOn };

/// How runs are done.
struct RunSettings {
  GraphMode graphs = GraphMode::kAuto;
  /// Graphs kept per context, the least recently launched one goes first.
  size_t graph_limit = 8;
  trt::ContextOptions context;
  /// A profile for every call; unset chooses the one that fits.
  std::optional<int> profile;
  cuda::Stream::Priority priority = cuda::Stream::Priority::kNormal;
  bool use_aux_streams = true;
  /// Wait for the device with a busy core instead of sleeping.
  bool spin_wait = false;
  /// Where the stage times of runs go; null records none.
  std::shared_ptr<StageLog> stage_log;
};

/// Which plan, on which device, and how it shall run.
struct GpuModelOptions : RunSettings {
  trt::RuntimeLibraryOptions libraries;
  int device = 0;
  /// Either a path or bytes; the bytes must stay valid until LoadPlan() returns.
  std::string plan_path;
  const void* plan_data = nullptr;
  size_t plan_bytes = 0;
  bool allow_host_code = false;
  /// -1 automatic.
  std::optional<int64_t> weight_streaming_budget_bytes;
  /// Page-locked memory of all calls and bindings together.
  uint64_t pinned_limit_bytes = SIZE_MAX;
  std::vector<uint8_t> runtime_cache;
};

/// Deserialises a plan for a device. Blocks. Throws what Driver::Open(), Device::Open(), OpenPlanRuntime()
/// and Deserialize() throw.
std::shared_ptr<Executable> LoadPlan(const GpuModelOptions& options);

/// The part of LoadPlan() after deserialising; takes any engine. The device must be current.
std::shared_ptr<Executable> MakeExecutable(std::shared_ptr<cuda::Device> device,
                                           std::shared_ptr<trt::PlanRuntime> runtime,
                                           std::shared_ptr<trt::PlanEngine> engine,
                                           const GpuModelOptions& options);

}  // namespace trtn::gpu
