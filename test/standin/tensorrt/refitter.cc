// SPDX-License-Identifier: Apache-2.0
#include "refitter.h"

namespace standin {

Refitter::Refitter(Engine* engine, nv::ILogger* logger)
    : Object("IRefitter"), hold_(logger, "createInferRefitter"), engine_(*engine) {
  mImpl = this;
  engine_.RefitterMade();
}

bool Refitter::setNamedWeights(char const* name, nv::Weights weights) noexcept {
  constexpr char kEntry[] = "IRefitter::setNamedWeights";
  if (Enter(kEntry)) return false;
  Weights current = engine_.FindWeights(name);
  if (!current) {
    UsageError(kEntry, std::string("No weights named ") + name + " in the engine.");
    return false;
  }
  if (weights.type != nv::DataType::kFLOAT || weights.count != static_cast<int64_t>(current->size())) {
    UsageError(kEntry, std::string("Refit weights ") + name + " have " + std::to_string(weights.count) +
                           " elements of type " + TypeName(weights.type) + ", but " +
                           std::to_string(current->size()) + " of type Float are required.");
    return false;
  }
  const auto* values = static_cast<const float*>(weights.values);
  set_[name] = std::make_shared<const std::vector<float>>(values, values + weights.count);
  return true;
}

bool Refitter::setNamedWeightsWithLocation(char const* name, nv::Weights weights,
                                           nv::TensorLocation location) noexcept {
  if (location == nv::TensorLocation::kHOST) return setNamedWeights(name, weights);
  NotImplemented("IRefitter::setNamedWeights(location: device)");
  return false;
}

int32_t Refitter::Names(int32_t size, char const** names, bool only_missing) const {
  int32_t count = 0;
  for (const auto& [name, values] : engine_.plan()->weights) {
    if (only_missing && set_.count(name)) continue;
    if (count < size && names) names[count] = name.c_str();
    ++count;
  }
  return count;
}

int32_t Refitter::getMissingWeights(int32_t size, char const** names) noexcept {
  trtn_standin_call("IRefitter::getMissingWeights");
  return Names(size, names, true);
}

int32_t Refitter::getAllWeights(int32_t size, char const** names) noexcept {
  trtn_standin_call("IRefitter::getAllWeights");
  return Names(size, names, false);
}

nv::Weights Refitter::getNamedWeights(char const* name) const noexcept {
  auto found = set_.find(name);
  if (found == set_.end()) return {nv::DataType::kFLOAT, nullptr, 0};
  return {nv::DataType::kFLOAT, found->second->data(), static_cast<int64_t>(found->second->size())};
}

nv::Weights Refitter::getWeightsPrototype(char const* name) const noexcept {
  Weights current = engine_.FindWeights(name);
  return {nv::DataType::kFLOAT, nullptr, current ? static_cast<int64_t>(current->size()) : -1};
}

bool Refitter::Refit(const char* entry) {
  if (Enter(entry)) return false;
  if (int32_t missing = Names(0, nullptr, true); missing > 0) {
    Fail(entry, nv::ErrorCode::kINVALID_CONFIG, "API Usage Error",
         "missing " + std::to_string(missing) +
             " needed Weights. Call IRefitter::getMissing to get their layer names and roles or "
             "IRefitter::getMissingWeights to get their weights names.");
    return false;
  }
  engine_.ReplaceWeights(set_);
  return true;
}

bool Refitter::refitCudaEngineAsync(cudaStream_t stream) noexcept {
  constexpr char kEntry[] = "IRefitter::refitCudaEngineAsync";
  if (!Refit(kEntry)) return false;
  // The copies of the weights, in stream order.
  int result = trtn_standin_launch(stream, "refit", 0, [](void*) {}, nullptr, [](void*) {});
  if (result != 0) CudaError(kEntry, result);
  return result == 0;
}

}  // namespace standin
