// SPDX-License-Identifier: Apache-2.0
#include "inference.h"

#include <cstring>
#include <mutex>
#include <set>

namespace standin {

namespace {

struct Kernel {
  std::shared_ptr<Inference> inference;
  int layer;
};

// A failed launch may or may not have destroyed its argument: destroying twice does nothing.
std::mutex kernels_mutex;
std::set<Kernel*> kernels;

void DestroyKernel(void* argument) {
  auto* kernel = static_cast<Kernel*>(argument);
  {
    std::lock_guard lock(kernels_mutex);
    if (kernels.erase(kernel) == 0) return;
  }
  delete kernel;
}

void Violate(const Layer& layer, const std::string& text) {
  trtn_standin_violation(("kernel `" + layer.name + "`: " + text).c_str());
}

// Whether the tensor's memory is all there: real hardware would read or write what belongs to others.
bool IsThere(const Inference& inference, const Layer& layer, int tensor) {
  const TensorSpec& spec = inference.plan->tensors[tensor];
  const Operand& operand = inference.operands[tensor];
  int64_t bytes = ByteCount(operand.dims, operand.type);
  if (inference.inside[tensor] || spec.is_on_host || bytes <= 0) return true;
  if (trtn_standin_is_device_memory(operand.data, static_cast<unsigned long long>(bytes))) return true;
  Violate(layer, "no device memory of " + std::to_string(bytes) + " bytes at the address of " + spec.name);
  return false;
}

// The activation memory belongs to one inference from its first kernel to its last.
bool ClaimMemory(const Inference& inference, const Layer& layer, bool is_first, bool is_last) {
  const Inference* owner = &inference;
  if (inference.memory_bytes < static_cast<int64_t>(sizeof owner)) return true;
  if (!trtn_standin_is_device_memory(inference.memory,
                                     static_cast<unsigned long long>(inference.memory_bytes))) {
    Violate(layer, "the activation memory is no device memory of " + std::to_string(inference.memory_bytes) +
                       " bytes");
    return false;
  }
  if (is_first) std::memcpy(inference.memory, &owner, sizeof owner);
  if (!is_last) return true;
  std::memcpy(&owner, inference.memory, sizeof owner);
  if (owner != &inference) Violate(layer, "two inferences use the same activation memory at once");
  return true;
}

void RunKernel(void* argument) {
  const auto& [inference, index] = *static_cast<Kernel*>(argument);
  const Layer& layer = inference->plan->layers[index];
  bool is_there =
      ClaimMemory(*inference, layer, index == inference->first_layer, index == inference->last_layer);
  std::vector<Operand> inputs, outputs;
  for (int tensor : layer.inputs) {
    is_there = IsThere(*inference, layer, tensor) && is_there;
    inputs.push_back(inference->operands[tensor]);
  }
  for (int tensor : layer.outputs) {
    is_there = IsThere(*inference, layer, tensor) && is_there;
    outputs.push_back(inference->operands[tensor]);
  }
  if (is_there) RunLayer(layer, inputs, outputs, *inference->weights[index]);
}

void RunCount(void* argument) {
  const auto& [inference, index] = *static_cast<Kernel*>(argument);
  const Layer& layer = inference->plan->layers[index];
  inference->nonzero_count = 0;
  if (IsThere(*inference, layer, layer.inputs[0])) {
    inference->nonzero_count = CountNonZero(inference->operands[layer.inputs[0]]);
  }
}

int Launch(const std::shared_ptr<Inference>& inference, int layer, cudaStream_t stream, double duration_us,
           void (*run)(void*)) {
  auto* kernel = new Kernel{inference, layer};
  {
    std::lock_guard lock(kernels_mutex);
    kernels.insert(kernel);
  }
  const std::string& name = inference->plan->layers[layer].name;
  int result = trtn_standin_launch(stream, name.c_str(), duration_us, run, kernel, DestroyKernel);
  if (result != 0) DestroyKernel(kernel);
  return result;
}

}  // namespace

int LaunchLayer(const std::shared_ptr<Inference>& inference, int layer, cudaStream_t stream) {
  double layers = static_cast<double>(inference->plan->layers.size());
  return Launch(inference, layer, stream, inference->plan->duration_us / layers, RunKernel);
}

int LaunchCount(const std::shared_ptr<Inference>& inference, int layer, cudaStream_t stream) {
  return Launch(inference, layer, stream, 0, RunCount);
}

}  // namespace standin
