// SPDX-License-Identifier: Apache-2.0
#include "gpu/model.h"

#include <new>
#include <utility>

#include "core/error.h"
#include "cuda/pinned_memory.h"

namespace trtn::gpu {

namespace {

void RequireLinear(const trt::PlanTensor& tensor) {
  if (tensor.components_per_element <= 1) return;
  throw Error("ERR_TRT_RUN_UNSUPPORTED",
              "Expected linear inputs and outputs; the " + std::string(tensor.is_input ? "input" : "output") +
                  " '" + tensor.info.name + "' has a vectorised format (" +
                  std::to_string(tensor.components_per_element) + " components along dimension " +
                  std::to_string(tensor.vector_dim) + "). Build the engine with linear formats.");
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
