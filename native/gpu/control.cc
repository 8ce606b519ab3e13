// SPDX-License-Identifier: Apache-2.0
#include "gpu/control.h"

#include "cuda/stream.h"

namespace trtn::gpu {

std::string GpuControl::InspectorJson() {
  const cuda::ScopedDevice scope = model_.device->Use();
  return model_.engine->InspectorJson();
}

std::vector<std::pair<std::string, double>> GpuControl::Statistics() {
  const cuda::ScopedDevice scope = model_.device->Use();
  return model_.engine->Statistics();
}

ExecutionCounters GpuControl::Counters() {
  const gpu::Counters& counted = model_.counters;
  ExecutionCounters counters;
  counters.runs = counted.runs;
  counters.failed_runs = counted.failed_runs;
  counters.host_copied_bytes = counted.host_copied_bytes;
  counters.host_to_device_bytes = counted.host_to_device_bytes;
  counters.device_to_host_bytes = counted.device_to_host_bytes;
  counters.graph_captures = counted.graph_captures;
  counters.graph_launches = counted.graph_launches;
  counters.graph_evictions = counted.graph_evictions;
  counters.pinned_bytes = model_.host_pool->total_bytes();
  counters.device_bytes = counted.device_bytes;
  return counters;
}

std::vector<std::string> GpuControl::DebugTensors() {
  const cuda::ScopedDevice scope(*model_.device);
  return model_.engine->DebugTensors();
}

void GpuControl::Refit(const RefitRequest& request) {
  const cuda::ScopedDevice scope = model_.device->Use();
  cuda::Stream stream(model_.device, model_.settings.priority);
  // Also after a failure: some weights may be new.
  ++model_.generation;
  try {
    model_.engine->Refit(request, stream.get());
    stream.Synchronize();
  } catch (...) {
    stream.SynchronizeNoThrow();
    model_.device->Examine(stream.get(), "IRefitter::refitCudaEngine");
    throw;
  }
}

std::vector<uint8_t> GpuControl::SerializeRuntimeCache() {
  const cuda::ScopedDevice scope = model_.device->Use();
  return model_.engine->SerializeRuntimeCache();
}

}  // namespace trtn::gpu
