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

bool Shapes::HostMemory::Reserve(HostPool& pool, size_t bytes) {
  if (block_.data() != nullptr && bytes <= capacity_) return false;
  // An empty tensor has an address too.
  const size_t wanted = AlignUp(std::max<size_t>(bytes, 1));
  block_ = pool.Acquire(wanted);
  capacity_ = wanted;
  return true;
}

Shapes::Shapes(Model& model, trt::PlanContext& plan)
    : model_(model),
      plan_(plan),
      profile_(plan.profile()),
      inputs_(model.inputs.size()),
      host_outputs_(model.outputs.size()) {}

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
    const Input& known = inputs_[i];
    if (inputs[i].bytes != known.value_bytes ||
        std::memcmp(inputs[i].data, known.values.data(), known.value_bytes) != 0)
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
  if (model_.input(index).is_on_host) SetValues(index, view);
}

void Shapes::SetValues(size_t index, const TensorView& view) {
  Input& input = inputs_[index];
  if (view.bytes > input.values.capacity()) plan_.SetAddress(model_.input_tensors[index], nullptr);
  if (input.values.Reserve(*model_.host_pool, view.bytes)) ++host_moves_;
  if (view.bytes > 0) std::memcpy(input.values.data(), view.data, view.bytes);
  input.value_bytes = view.bytes;
  plan_.SetAddress(model_.input_tensors[index], input.values.data());
}

/// Room for the largest value, before the context writes what the shapes alone tell.
void Shapes::OfferHostOutput(size_t index) {
  const size_t tensor = model_.output_tensors[index];
  int64_t most = -1;
  try {
    most = plan_.MaxOutputBytes(tensor);
  } catch (const Error&) {
    // Only with the shapes, then: nothing may be written until there is room.
  }
  if (most < 0) {
    plan_.SetAddress(tensor, nullptr);
    has_host_outputs_of_runs_ = true;
    return;
  }
  PlaceHostOutput(index, static_cast<size_t>(most));
  if (!model_.outputs[index].is_shape_tensor) has_host_outputs_of_runs_ = true;
}

void Shapes::PlaceHostOutput(size_t index, size_t bytes) {
  const size_t tensor = model_.output_tensors[index];
  HostMemory& memory = host_outputs_[index];
  if (bytes > memory.capacity()) plan_.SetAddress(tensor, nullptr);
  if (memory.Reserve(*model_.host_pool, bytes)) ++host_moves_;
  plan_.SetAddress(tensor, memory.data());
}

void Shapes::Infer() {
  has_host_outputs_of_runs_ = false;
  for (size_t i = 0; i < host_outputs_.size(); ++i)
    if (model_.output(i).is_on_host) OfferHostOutput(i);
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
  if (output.is_data_dependent && model_.output(index).is_on_host) {
    throw Error("ERR_TRT_RUN_UNSUPPORTED",
                "Expected the shapes of the inputs to tell the size of the output '" +
                    model_.outputs[index].name + "', which lies in host memory.");
  }
  if (output.is_data_dependent) {
    const int64_t most = plan_.MaxOutputBytes(tensor);
    output.view.bytes = most < 0 ? 0 : static_cast<size_t>(most);
  } else {
    output.view.bytes = TensorBytes(output.view.type, output.view.dims);
  }
  if (model_.output(index).is_on_host) PlaceHostOutput(index, output.view.bytes);
}

void Shapes::Describe() {
  text_.clear();
  for (size_t i = 0; i < inputs_.size(); ++i)
    text_ += (i == 0 ? "" : ",") + model_.inputs[i].name + ":" + JoinDims(inputs_[i].dims);
  key_ = std::to_string(profile_) + ";" + text_;
  for (const Input& input : inputs_)
    key_.append(";").append(static_cast<const char*>(input.values.data()), input.value_bytes);
}

}  // namespace trtn::gpu
