// SPDX-License-Identifier: Apache-2.0
#include "addon/call_arguments.h"

#include <cstring>
#include <optional>
#include <utility>

#include "addon/array_buffers.h"
#include "addon/convert.h"
#include "core/error.h"

namespace trtn {
namespace {

void RequireBytes(const TensorInfo& info, size_t expected, size_t actual) {
  if (actual == expected) return;
  throw Error("ERR_TRT_RUN_INPUT_SIZE", "Expected " + std::to_string(expected) + " bytes for input '" +
                                            info.name + "', got " + std::to_string(actual) + ".");
}

[[noreturn]] void ThrowDeviceTensor(const TensorInfo& info, const std::string& problem) {
  Error error("ERR_TRT_RUN_DEVICE_TENSOR", "Input '" + info.name + "' is a device tensor " + problem);
  error.details.push_back({"input", {info.name}});
  throw error;
}

void ReadInput(const SessionState& state, RunCall& call, size_t index, Napi::Value given,
               std::vector<int64_t> dims) {
  const TensorInfo& info = state.inputs[index];
  TensorView& view = call.inputs[index];
  // Arrays first: they are what nearly every call brings.
  if (const std::optional<ArrayMemory> memory = TryMemoryOf(given.Env(), given)) {
    view.type = info.type;
    view.bytes = info.type == ElementType::kString ? memory->bytes : TensorBytes(info.type, dims);
    view.dims = std::move(dims);
    view.data = memory->data;
    RequireBytes(info, view.bytes, memory->bytes);
    return;
  }
  const DeviceTensor* tensor = DeviceTensorWrap::TensorOf(given);
  if (tensor == nullptr) throw Napi::TypeError::New(given.Env(), "Expected a typed array or a device tensor");
  view = DeviceInput(state, info, std::move(dims), *tensor);
  call.device_inputs.push_back(tensor->memory);
}

void ReadTarget(const SessionState& state, OutputSlot& slot, const TensorInfo& info, Napi::Value target) {
  slot.wanted = !target.IsUndefined();
  if (!slot.wanted || target.IsNull()) return;
  if (target.IsString()) {
    RequireDeviceOutputs(state, info);
    slot.view.place = MemoryPlace::kDevice;
    return;
  }
  const ArrayMemory memory = MemoryOf(target.Env(), target);
  slot.view.type = info.type;
  slot.view.dims = info.dims;
  slot.view.bytes = TensorBytes(info.type, info.dims);
  slot.view.data = memory.data;
  if (memory.bytes != slot.view.bytes) throw Error("ERR_TRT_ARG_VALUE", "An output array has a wrong size.");
}

}  // namespace

uint64_t TicketOf(const Napi::CallbackInfo& info) {
  return static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value());
}

std::vector<std::vector<int64_t>> InputDims(const std::vector<TensorInfo>& infos, Napi::Value given) {
  std::vector<std::vector<int64_t>> dims;
  dims.reserve(infos.size());
  const bool has_list = given.IsArray();
  for (uint32_t i = 0; i < infos.size(); ++i) {
    if (!has_list) {
      dims.push_back(infos[i].dims);
      continue;
    }
    const Napi::Value one = given.As<Napi::Array>().Get(i);
    dims.push_back(one.IsArray() ? ToDims(one) : infos[i].dims);
  }
  return dims;
}

TensorView DeviceInput(const SessionState& state, const TensorInfo& info, std::vector<int64_t> dims,
                       const DeviceTensor& tensor) {
  if (tensor.memory == nullptr) ThrowDeviceTensor(info, "that is closed.");
  const std::string where = "on cuda:" + std::to_string(tensor.device.ordinal);
  if (!state.is_on_gpu()) ThrowDeviceTensor(info, where + ", but this session runs on the CPU.");
  const DeviceAddress& device = *state.maker->device;
  if (!(tensor.device == device))
    ThrowDeviceTensor(info,
                      where + ", but this session runs on cuda:" + std::to_string(device.ordinal) + ".");
  RequireBytes(info, TensorBytes(info.type, dims), tensor.bytes);
  return {info.type, std::move(dims), tensor.memory.get(), tensor.bytes, MemoryPlace::kDevice};
}

void RequireDeviceOutputs(const SessionState& state, const TensorInfo& info) {
  if (state.is_on_gpu()) return;
  throw Error("ERR_TRT_RUN_UNSUPPORTED",
              "Output '" + info.name +
                  "' cannot stay on a device: this session runs on the CPU. Sessions on "
                  "'cuda:N' have device outputs.");
}

void ReadInputs(const SessionState& state, RunCall& call, Napi::Array arrays, Napi::Value dims) {
  std::vector<std::vector<int64_t>> all_dims = InputDims(state.inputs, dims);
  call.inputs.resize(state.inputs.size());
  for (uint32_t i = 0; i < call.inputs.size(); ++i)
    ReadInput(state, call, i, arrays.Get(i), std::move(all_dims[i]));
}

void ReadTargets(const SessionState& state, RunCall& call, Napi::Array targets) {
  call.outputs.resize(state.outputs.size());
  for (uint32_t i = 0; i < call.outputs.size(); ++i)
    ReadTarget(state, call.outputs[i], state.outputs[i], targets.Get(i));
}

void StageInputs(const SessionState& state, RunCall& call) {
  size_t total = 0;
  for (const TensorView& view : call.inputs) {
    if (view.place == MemoryPlace::kHost) total += AlignUp(view.bytes);
  }
  if (state.pool == nullptr) throw Error("ERR_TRT_RUN_CLOSED", "The session is closed.");
  call.staging = state.pool->Acquire(total);
  auto* place = static_cast<char*>(call.staging.data());
  for (TensorView& view : call.inputs) {
    if (view.place != MemoryPlace::kHost) continue;
    if (view.bytes > 0) std::memcpy(place, view.data, view.bytes);
    view.data = place;
    place += AlignUp(view.bytes);
    state.maker->copied_bytes += view.bytes;
  }
}

}  // namespace trtn
