// SPDX-License-Identifier: Apache-2.0
#include "gpu/shapes.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "gpu/profile_choice.h"

namespace trtn::gpu {

namespace {

std::vector<int64_t> ReadValues(const TensorView& view) {
  const size_t count = ElementCount(view.dims);
  std::vector<int64_t> values(count);
  for (size_t i = 0; i < count; ++i) {
    if (view.type == ElementType::kInt64) {
      std::memcpy(&values[i], static_cast<const int64_t*>(view.data) + i, sizeof(int64_t));
    } else {
      int32_t value = 0;
      std::memcpy(&value, static_cast<const int32_t*>(view.data) + i, sizeof(value));
      values[i] = value;
    }
  }
  return values;
}

void CheckShapeTensor(const trt::PlanTensor& tensor, const TensorView& view) {
  if (view.place == MemoryPlace::kDevice) {
    throw Error("ERR_TRT_RUN_DEVICE_TENSOR", "Expected the shape tensor '" + tensor.info.name +
                                                 "' in host memory: its values are needed before the run.");
  }
  if (view.data == nullptr || view.bytes < TensorBytes(view.type, view.dims)) {
    throw Error("ERR_TRT_RUN_INPUT_SIZE",
                "Expected the values of the shape tensor '" + tensor.info.name + "'.");
  }
}

}  // namespace

std::string JoinDims(const std::vector<int64_t>& dims) {
  std::string text;
  for (size_t i = 0; i < dims.size(); ++i) text += (i == 0 ? "" : "x") + std::to_string(dims[i]);
  return text.empty() ? "scalar" : text;
}

Shapes::Shapes(Model& model, trt::PlanContext& plan)
    : model_(model), plan_(plan), profile_(plan.profile()), inputs_(model.inputs.size()) {}

bool Shapes::Update(const std::vector<TensorView>& inputs, cuda::StreamHandle stream) {
  if (is_known_ && IsSame(inputs)) return false;
  is_known_ = false;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (model_.input(i).is_on_host) CheckShapeTensor(model_.input(i), inputs[i]);
  SetProfile(inputs, stream);
  for (size_t i = 0; i < inputs.size(); ++i) SetInput(i, inputs[i]);
  Infer();
  is_known_ = true;
  return true;
}

void Shapes::Forget() noexcept {
  is_known_ = false;
  profile_ = -1;
  for (Input& input : inputs_) input.is_set = false;
}

bool Shapes::IsSame(const std::vector<TensorView>& inputs) const {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].dims != inputs_[i].dims) return false;
    if (!model_.input(i).is_on_host) continue;
    CheckShapeTensor(model_.input(i), inputs[i]);
    const std::vector<unsigned char>& values = inputs_[i].values;
    if (inputs[i].bytes != values.size() || std::memcmp(inputs[i].data, values.data(), values.size()) != 0)
      return false;
  }
  return true;
}

void Shapes::SetProfile(const std::vector<TensorView>& inputs, cuda::StreamHandle stream) {
  std::vector<ProfileInput> wanted(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    wanted[i].name = model_.inputs[i].name;
    wanted[i].dims = inputs[i].dims;
    if (model_.input(i).is_on_host) wanted[i].values = ReadValues(inputs[i]);
  }
  const int profile = ChooseProfile(model_.engine->profiles(), wanted, model_.settings.profile);
  if (profile == profile_) return;
  profile_ = -1;
  plan_.SelectProfile(profile, stream);
  // A new profile forgets the shapes.
  for (Input& input : inputs_) input.is_set = false;
  profile_ = profile;
  ++profile_changes_;
}

void Shapes::SetInput(size_t index, const TensorView& view) {
  Input& input = inputs_[index];
  const size_t tensor = model_.input_tensors[index];
  if (!input.is_set || input.dims != view.dims) {
    input.is_set = false;
    plan_.SetInputShape(tensor, view.dims);
    input.dims = view.dims;
    input.is_set = true;
  }
  if (!model_.input(index).is_on_host) return;
  const auto* values = static_cast<const unsigned char*>(view.data);
  input.values.assign(values, values + view.bytes);
  // An empty shape tensor has an address too.
  if (input.values.capacity() == 0) input.values.reserve(kTensorAlignment);
  plan_.SetAddress(tensor, input.values.data());
}

void Shapes::Infer() {
  const std::vector<std::string> missing = plan_.InferShapes();
  if (!missing.empty()) {
    std::string names;
    for (const std::string& name : missing) names += (names.empty() ? "'" : ", '") + name + "'";
    throw Error("ERR_TRT_RUN_FAILED",
                "Expected the inputs to determine all shapes; those of " + names + " are not known.",
                "IExecutionContext::inferShapes");
  }
  outputs_.assign(model_.outputs.size(), Output());
  has_data_dependent_outputs_ = false;
  for (size_t i = 0; i < outputs_.size(); ++i) ReadOutput(i);
  scratch_bytes_ =
      model_.settings.context.memory == trt::ContextMemory::kShared ? plan_.DeviceMemoryBytes() : 0;
  Describe();
}

void Shapes::ReadOutput(size_t index) {
  Output& output = outputs_[index];
  const size_t tensor = model_.output_tensors[index];
  output.view.type = model_.outputs[index].type;
  output.view.dims = plan_.Shape(tensor);
  output.is_data_dependent =
      std::any_of(output.view.dims.begin(), output.view.dims.end(), [](int64_t dim) { return dim < 0; });
  has_data_dependent_outputs_ = has_data_dependent_outputs_ || output.is_data_dependent;
  if (output.is_data_dependent) {
    const int64_t most = plan_.MaxOutputBytes(tensor);
    output.view.bytes = most < 0 ? 0 : static_cast<size_t>(most);
  } else {
    output.view.bytes = TensorBytes(output.view.type, output.view.dims);
  }
}

void Shapes::Describe() {
  text_.clear();
  for (size_t i = 0; i < inputs_.size(); ++i)
    text_ += (i == 0 ? "" : ",") + model_.inputs[i].name + ":" + JoinDims(inputs_[i].dims);
  key_ = std::to_string(profile_) + ";" + text_;
  for (const Input& input : inputs_)
    key_.append(";").append(reinterpret_cast<const char*>(input.values.data()), input.values.size());
}

}  // namespace trtn::gpu
