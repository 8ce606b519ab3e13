// SPDX-License-Identifier: Apache-2.0
#include "gpu/model.h"

#include <algorithm>
#include <new>
#include <utility>

#include "core/error.h"
#include "cuda/pinned_memory.h"

namespace trtn::gpu {

namespace {

/// Page-locked memory costs about 1 ms per MiB to make, so what calls in flight need is kept for the next
/// ones.
constexpr uint64_t kMostKeptBytes = uint64_t{1} << 30;

void RequireLinear(const trt::PlanTensor& tensor) {
  if (tensor.is_linear) return;
  throw Error("ERR_TRT_RUN_UNSUPPORTED", "Expected linear inputs and outputs; the " +
                                             std::string(tensor.is_input ? "input" : "output") + " '" +
                                             tensor.info.name + "' has another format (" + tensor.format +
                                             "). Build the engine with linear formats.");
}

}  // namespace

Model::Model(std::shared_ptr<cuda::Device> opened, std::shared_ptr<trt::PlanRuntime> made_by,
             std::shared_ptr<trt::PlanEngine> plan, const RunSettings& wanted, uint64_t pinned_limit_bytes)
    : settings(wanted),
      device(std::move(opened)),
      runtime(std::move(made_by)),
      engine(std::move(plan)),
      uses_mapped_memory(device->properties().is_integrated && device->properties().can_map_host_memory) {
  const std::vector<trt::PlanTensor>& tensors = engine->tensors();
  for (size_t i = 0; i < tensors.size(); ++i) {
    RequireLinear(tensors[i]);
    (tensors[i].is_input ? inputs : outputs).push_back(tensors[i].info);
    (tensors[i].is_input ? input_tensors : output_tensors).push_back(i);
  }
  HostPool::Limits limits;
  limits.max_total_bytes = pinned_limit_bytes;
  limits.max_kept_bytes = std::min<uint64_t>(pinned_limit_bytes, kMostKeptBytes);
  host_pool = std::make_shared<HostPool>(std::make_unique<cuda::PinnedAllocator>(device), limits);
  scratch = std::make_unique<ScratchPool>(device, &counters.device_bytes);
}

Model::~Model() {
  const cuda::ScopedDevice scope(*device, std::nothrow);
  scratch.reset();
  engine.reset();
  runtime.reset();
}

}  // namespace trtn::gpu
