// SPDX-License-Identifier: Apache-2.0
// What an engine tells of its tensors and profiles.
#include "engine.h"

namespace standin {

namespace {

nv::Dims InvalidDims() {
  nv::Dims dims{};
  dims.nbDims = -1;
  return dims;
}

const Shape& Select(const Shape& min, const Shape& opt, const Shape& max, nv::OptProfileSelector select) {
  if (select == nv::OptProfileSelector::kMIN) return min;
  return select == nv::OptProfileSelector::kOPT ? opt : max;
}

}  // namespace

const TensorSpec* Engine::Tensor(const char* entry, const char* name) const {
  if (Enter(entry)) return nullptr;
  int index = name ? plan_->FindIo(name) : -1;
  if (index >= 0) return &plan_->tensors[index];
  UsageError(entry, std::string("Given invalid tensor name: ") + (name ? name : "(null)") +
                        ". Get valid tensor names with getIOTensorName()");
  return nullptr;
}

const ProfileRange* Engine::Range(const char* entry, const char* name, int profile) const {
  const TensorSpec* tensor = Tensor(entry, name);
  if (!tensor) return nullptr;
  if (profile < 0 || profile >= getNbOptimizationProfiles()) {
    ParameterError(entry, "profileIndex < getNbOptimizationProfiles()",
                   "There is no optimization profile " + std::to_string(profile) + ".");
    return nullptr;
  }
  if (tensor->role == TensorSpec::Role::kInput) return &plan_->profiles[profile].at(tensor->name);
  UsageError(entry, "Tensor " + tensor->name + " is not an input.");
  return nullptr;
}

nv::Dims Engine::getTensorShape(char const* name) const noexcept {
  const TensorSpec* tensor = Tensor("ICudaEngine::getTensorShape", name);
  return tensor ? ToDims(tensor->dims) : InvalidDims();
}

nv::DataType Engine::getTensorDataType(char const* name) const noexcept {
  const TensorSpec* tensor = Tensor("ICudaEngine::getTensorDataType", name);
  return tensor ? tensor->type : nv::DataType::kFLOAT;
}

nv::TensorLocation Engine::getTensorLocation(char const* name) const noexcept {
  const TensorSpec* tensor = Tensor("ICudaEngine::getTensorLocation", name);
  return tensor && tensor->is_on_host ? nv::TensorLocation::kHOST : nv::TensorLocation::kDEVICE;
}

bool Engine::isShapeInferenceIO(char const* name) const noexcept {
  return Tensor("ICudaEngine::isShapeInferenceIO", name) && plan_->IsShapeInferenceIo(plan_->FindIo(name));
}

nv::TensorIOMode Engine::getTensorIOMode(char const* name) const noexcept {
  trtn_standin_call("ICudaEngine::getTensorIOMode");
  // Not an error: it is the way to ask whether a name is one of an input or output.
  int index = name ? plan_->FindIo(name) : -1;
  if (index < 0) return nv::TensorIOMode::kNONE;
  return plan_->tensors[index].role == TensorSpec::Role::kInput ? nv::TensorIOMode::kINPUT
                                                                : nv::TensorIOMode::kOUTPUT;
}

int32_t Engine::getTensorBytesPerComponent(char const* name) const noexcept {
  const TensorSpec* tensor = Tensor("ICudaEngine::getTensorBytesPerComponent", name);
  // -1 where the tensor is not vectorised.
  return tensor ? -1 : 0;
}

char const* Engine::getTensorFormatDesc(char const* name) const noexcept {
  return Tensor("ICudaEngine::getTensorFormatDesc", name) ? "Row major linear format (kLINEAR)" : nullptr;
}

char const* Engine::getIOTensorName(int32_t index) const noexcept {
  constexpr char kEntry[] = "ICudaEngine::getIOTensorName";
  if (Enter(kEntry)) return nullptr;
  if (index >= 0 && index < getNbIOTensors()) return plan_->tensors[index].name.c_str();
  ParameterError(kEntry, "0 <= index && index < getNbIOTensors()",
                 "There is no tensor " + std::to_string(index));
  return nullptr;
}

bool Engine::isDebugTensor(char const* name) const noexcept {
  trtn_standin_call("ICudaEngine::isDebugTensor");
  int index = name ? plan_->Find(name) : -1;
  return index >= 0 && plan_->tensors[index].is_debug;
}

nv::Dims Engine::getProfileShape(char const* name, int32_t profile,
                                 nv::OptProfileSelector select) const noexcept {
  const ProfileRange* range = Range("ICudaEngine::getProfileShape", name, profile);
  return range ? ToDims(Select(range->min, range->opt, range->max, select)) : InvalidDims();
}

int64_t const* Engine::getProfileTensorValuesV2(char const* name, int32_t profile,
                                                nv::OptProfileSelector select) const noexcept {
  const ProfileRange* range = Range("ICudaEngine::getProfileTensorValuesV2", name, profile);
  if (!range || range->max_values.empty()) return nullptr;
  return Select(range->min_values, range->opt_values, range->max_values, select).data();
}

#if STANDIN_IS_10
int32_t const* Engine::getProfileTensorValues(char const* name, int32_t profile,
                                              nv::OptProfileSelector select) const noexcept {
  const ProfileRange* range = Range("ICudaEngine::getProfileTensorValues", name, profile);
  if (!range || range->max_values.empty()) return nullptr;
  const Shape& values = Select(range->min_values, range->opt_values, range->max_values, select);
  std::lock_guard lock(mutex_);
  std::string key = std::to_string(profile) + " " + std::to_string(static_cast<int>(select)) + " " + name;
  std::vector<int32_t>& narrow = narrow_values_[key];
  narrow.assign(values.begin(), values.end());
  return narrow.data();
}
#endif

}  // namespace standin
