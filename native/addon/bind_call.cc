// SPDX-License-Identifier: Apache-2.0
#include "addon/bind_call.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "addon/array_buffers.h"
#include "addon/binding_wrap.h"
#include "addon/call_arguments.h"
#include "core/error.h"

namespace trtn {
namespace {

bool HasFixedDims(const TensorInfo& info) {
  return std::all_of(info.dims.begin(), info.dims.end(), [](int64_t dim) { return dim >= 0; });
}

/// Outputs of a model without a dynamic dimension; nothing where they have to be worked out.
///
/// With a dynamic input the model's own statement about its outputs is not to be relied on: exporters leave
/// the batch size of their example in it. An output without dimensions may be a scalar or of unknown rank:
/// ONNX Runtime does not tell which.
std::vector<TensorView> DeclaredOutputs(const Executable& executable) {
  const auto is_known = [](const TensorInfo& info) { return !info.dims.empty() && HasFixedDims(info); };
  const std::vector<TensorInfo>& inputs = executable.inputs();
  const std::vector<TensorInfo>& outputs = executable.outputs();
  std::vector<TensorView> views;
  if (!std::all_of(inputs.begin(), inputs.end(), HasFixedDims) ||
      !std::all_of(outputs.begin(), outputs.end(), is_known)) {
    return views;
  }
  for (const TensorInfo& info : outputs) {
    TensorView view;
    view.type = info.type;
    view.dims = info.dims;
    view.bytes = TensorBytes(info.type, info.dims);
    views.push_back(std::move(view));
  }
  return views;
}

/// A binding's memory is as large as the dims say.
void RequireFixedSizes(const std::vector<TensorInfo>& infos) {
  for (const TensorInfo& info : infos) {
    if (ElementBits(info.type) > 0) continue;
    throw Error("ERR_TRT_RUN_UNSUPPORTED", "'" + info.name + "' has elements of type " +
                                               ElementTypeName(info.type) + ": a binding cannot hold them.");
  }
}

void ReadBoundInput(const SessionState& state, const TensorInfo& info, Napi::Value place, BoundInput& input) {
  if (const auto memory = TryMemoryOf(place.Env(), place)) {
    const size_t expected = TensorBytes(info.type, input.dims);
    if (memory->bytes != expected) {
      throw Error("ERR_TRT_RUN_INPUT_SIZE", "Expected " + std::to_string(expected) + " bytes for input '" +
                                                info.name + "', got " + std::to_string(memory->bytes) + ".");
    }
    const auto* first = static_cast<const uint8_t*>(memory->data);
    input.content.assign(first, first + memory->bytes);
    return;
  }
  const DeviceTensor* tensor = DeviceTensorWrap::TensorOf(place);
  if (tensor == nullptr) throw Napi::TypeError::New(place.Env(), "Expected a typed array or a device tensor");
  input.device_view = DeviceInput(state, info, input.dims, *tensor);
  input.device_memory = tensor->memory;
}

}  // namespace

void BoundTensors::Run() {
  std::lock_guard<std::mutex> lock(busy);
  execution->Run();
  const std::vector<std::vector<int64_t>>* dims = execution->OutputDims();
  if (dims == nullptr) return;
  std::lock_guard<std::mutex> dims_lock(dims_mutex_);
  made_dims_ = *dims;
}

std::vector<std::vector<int64_t>> BoundTensors::MadeDims() const {
  std::lock_guard<std::mutex> lock(dims_mutex_);
  return made_dims_;
}

BoundPlaces ReadBoundPlaces(const SessionState& state, Napi::Value dims, Napi::Value places) {
  BoundPlaces result;
  std::vector<std::vector<int64_t>> all_dims = InputDims(state.inputs, dims);
  result.inputs.resize(state.inputs.size());
  result.outputs.resize(state.outputs.size(), MemoryPlace::kHost);
  for (uint32_t i = 0; i < result.inputs.size(); ++i) result.inputs[i].dims = std::move(all_dims[i]);
  if (!places.IsArray()) return result;
  const auto list = places.As<Napi::Array>();
  for (uint32_t i = 0; i < result.inputs.size(); ++i) {
    const Napi::Value place = list.Get(i);
    if (!place.IsNull()) ReadBoundInput(state, state.inputs[i], place, result.inputs[i]);
  }
  for (uint32_t i = 0; i < result.outputs.size(); ++i) {
    if (!list.Get(static_cast<uint32_t>(result.inputs.size()) + i).IsString()) continue;
    RequireDeviceOutputs(state, state.outputs[i]);
    result.outputs[i] = MemoryPlace::kDevice;
  }
  return result;
}

void BindCall::Execute(ExecutionContext& context) {
  const std::shared_ptr<Executable> executable = RequireExecutable(state_.lock());
  RequireFixedSizes(executable->inputs());
  RequireFixedSizes(executable->outputs());
  tensors_ = std::make_shared<BoundTensors>();
  PlaceInputs(*executable);
  // On the CPU resolving runs the model; an engine knows its outputs better than its declaration does.
  std::vector<TensorView> outputs;
  if (executable->control() == nullptr) outputs = DeclaredOutputs(*executable);
  if (outputs.empty()) outputs = context.ResolveOutputs(tensors_->inputs);
  PlaceOutputs(*executable, std::move(outputs));
  tensors_->execution = executable->Bind(tensors_->inputs, tensors_->outputs);
}

void BindCall::PlaceInputs(Executable& executable) {
  for (size_t i = 0; i < places_.inputs.size(); ++i) {
    const BoundInput& input = places_.inputs[i];
    if (input.device_memory != nullptr) {
      tensors_->blocks.push_back(input.device_memory);
      tensors_->inputs.push_back(input.device_view);
      continue;
    }
    TensorView view;
    view.type = executable.inputs()[i].type;
    view.dims = input.dims;
    view.bytes = TensorBytes(view.type, view.dims);
    tensors_->blocks.push_back(executable.host_pool()->AcquireShared(view.bytes));
    view.data = tensors_->blocks.back().get();
    if (!input.content.empty()) std::memcpy(view.data, input.content.data(), input.content.size());
    tensors_->inputs.push_back(std::move(view));
  }
}

void BindCall::PlaceOutputs(Executable& executable, std::vector<TensorView> views) {
  for (size_t i = 0; i < views.size(); ++i) {
    TensorView& view = views[i];
    view.place = places_.outputs[i];
    const bool is_on_device = view.place == MemoryPlace::kDevice;
    tensors_->blocks.push_back(
        is_on_device
            ? executable.AllocateDeviceTensor(view.bytes, "the output '" + executable.outputs()[i].name + "'")
            : executable.host_pool()->AcquireShared(view.bytes));
    view.data = tensors_->blocks.back().get();
  }
  tensors_->outputs = std::move(views);
}

Napi::Value BindCall::Result(Napi::Env env) {
  std::shared_ptr<SessionState> state = state_.lock();
  if (state == nullptr) return {};
  return BindingWrap::Make(env, std::move(state), std::move(tensors_));
}

}  // namespace trtn
