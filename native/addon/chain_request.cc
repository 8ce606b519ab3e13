// SPDX-License-Identifier: Apache-2.0
#include "addon/chain_request.h"

#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "addon/array_buffers.h"
#include "addon/convert.h"
#include "core/error.h"

namespace trtn {
namespace {

std::vector<size_t> IndexList(Napi::Object object, const char* key) {
  const std::vector<int64_t> numbers = Int64List(object, key);
  // A negative one becomes an index that no chain has.
  return std::vector<size_t>(numbers.begin(), numbers.end());
}

ops::Attributes::Value ToAttribute(const std::string& name, Napi::Value value) {
  if (value.IsNumber()) return value.As<Napi::Number>().DoubleValue();
  if (value.IsBoolean()) return value.As<Napi::Boolean>().Value();
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  if (!value.IsArray())
    throw Napi::TypeError::New(value.Env(), name + " must be a number, a boolean, a string or a list");
  const auto list = value.As<Napi::Array>();
  std::vector<double> numbers(list.Length());
  for (uint32_t i = 0; i < numbers.size(); ++i) {
    const Napi::Value item = list.Get(i);
    if (!item.IsNumber()) throw Napi::TypeError::New(value.Env(), name + " must be a list of numbers");
    numbers[i] = item.As<Napi::Number>().DoubleValue();
  }
  return numbers;
}

ops::Attributes ReadAttributes(Napi::Object object) {
  std::map<std::string, ops::Attributes::Value> values;
  const Napi::Array names = object.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    const Napi::Value key = names.Get(i);
    std::string name = key.As<Napi::String>().Utf8Value();
    ops::Attributes::Value value = ToAttribute(name, object.Get(key));
    values.emplace(std::move(name), std::move(value));
  }
  return ops::Attributes(std::move(values));
}

Napi::Array ListOf(Napi::Object object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (!value.IsArray()) throw Napi::TypeError::New(object.Env(), std::string(key) + " must be a list");
  return value.As<Napi::Array>();
}

Napi::Object ObjectOf(Napi::Value value) {
  if (!value.IsObject()) throw Napi::TypeError::New(value.Env(), "Expected an object");
  return value.As<Napi::Object>();
}

void RequireSize(const TensorView& shape, size_t bytes) {
  if (bytes == shape.bytes) return;
  throw Error("ERR_TRT_RUN_INPUT_SIZE", "Expected " + std::to_string(shape.bytes) +
                                            " bytes for a tensor of an operator, got " +
                                            std::to_string(bytes) + ".");
}

[[noreturn]] void ThrowTensor(const std::string& problem) {
  throw Error("ERR_TRT_RUN_DEVICE_TENSOR", "An operator was given " + problem);
}

struct GivenPlace {
  TensorView view;
  bool lasts = true;
};

/// The view with memory of a typed array or a device tensor.
GivenPlace ReadPlace(ChainTensors& tensors, TensorView view, Napi::Value given) {
  if (const std::optional<ArrayMemory> memory = TryMemoryOf(given.Env(), given)) {
    RequireSize(view, memory->bytes);
    view.data = memory->data;
    std::shared_ptr<void> owner;
    const bool lasts = LastsDuringCall(given.Env(), given, owner);
    if (owner != nullptr) tensors.memory.push_back(std::move(owner));
    return {std::move(view), lasts};
  }
  const DeviceTensor* tensor = DeviceTensorWrap::TensorOf(given);
  if (tensor == nullptr) throw Napi::TypeError::New(given.Env(), "Expected a typed array or a device tensor");
  if (tensor->memory == nullptr) ThrowTensor("a device tensor that is closed.");
  if (tensors.device && !(*tensors.device == tensor->device)) {
    ThrowTensor("device tensors on cuda:" + std::to_string(tensors.device->ordinal) +
                " and on cuda:" + std::to_string(tensor->device.ordinal) + ".");
  }
  RequireSize(view, tensor->bytes);
  tensors.device = tensor->device;
  tensors.memory.push_back(tensor->memory);
  view.data = tensor->memory.get();
  view.place = MemoryPlace::kDevice;
  return {std::move(view), true};
}

void ReadSlot(ChainTensors& tensors, const TensorView& shape, Napi::Value target) {
  OutputSlot& slot = tensors.outputs.emplace_back();
  slot.view = shape;
  if (target.IsNull()) return;
  if (target.IsString()) {
    slot.view.place = MemoryPlace::kDevice;
    return;
  }
  GivenPlace place = ReadPlace(tensors, shape, target);
  slot.view = std::move(place.view);
  if (!place.lasts) tensors.copied_outputs.push_back(static_cast<uint32_t>(tensors.outputs.size() - 1));
}

bool Overlap(const TensorView& a, const TensorView& b) {
  if (a.place != b.place || a.bytes == 0 || b.bytes == 0) return false;
  const auto* first = static_cast<const char*>(a.data);
  const auto* second = static_cast<const char*>(b.data);
  return first < second + b.bytes && second < first + a.bytes;
}

void RefuseOverlaps(const ChainTensors& tensors) {
  for (size_t i = 0; i < tensors.outputs.size(); ++i) {
    const TensorView& target = tensors.outputs[i].view;
    if (target.data == nullptr) continue;
    for (const TensorView& input : tensors.inputs) {
      if (Overlap(target, input))
        throw Error(
            "ERR_TRT_ARG_VALUE",
            "Expected memory of its own for the result of an operator, but `out` shares bytes with an "
            "input.");
    }
    for (size_t j = 0; j < i; ++j) {
      if (tensors.outputs[j].view.data != nullptr && Overlap(target, tensors.outputs[j].view))
        throw Error(
            "ERR_TRT_ARG_VALUE",
            "Expected memory of its own for each result of an operator, but two of `out` share bytes.");
    }
  }
}

/// Copies these inputs.
void Stage(ChainTensors& tensors, const std::vector<size_t>& indexes, HostPool& heap) {
  size_t total = 0;
  for (size_t index : indexes) total += AlignUp(tensors.inputs[index].bytes);
  if (total == 0) return;
  tensors.staging = heap.Acquire(total);
  auto* place = static_cast<char*>(tensors.staging.data());
  for (size_t index : indexes) {
    TensorView& view = tensors.inputs[index];
    if (view.bytes > 0) std::memcpy(place, view.data, view.bytes);
    view.data = place;
    place += AlignUp(view.bytes);
  }
}

}  // namespace

ChainRequest ReadChainRequest(Napi::Object request) {
  ChainRequest read;
  const Napi::Array values = ListOf(request, "values");
  for (uint32_t i = 0; i < values.Length(); ++i) {
    const Napi::Object value = ObjectOf(values.Get(i));
    read.spec.values.push_back(
        {ToElementType(request.Env(), RequiredString(value, "type")), Int64List(value, "dims")});
  }
  read.spec.inputs = static_cast<size_t>(OptionalSize(request, "inputs").value_or(0));
  const Napi::Array steps = ListOf(request, "steps");
  for (uint32_t i = 0; i < steps.Length(); ++i) {
    const Napi::Object step = ObjectOf(steps.Get(i));
    read.spec.steps.push_back({RequiredString(step, "operator"),
                               ReadAttributes(ObjectOf(step.Get("attributes"))), IndexList(step, "inputs"),
                               IndexList(step, "outputs")});
  }
  read.spec.outputs = IndexList(request, "outputs");
  read.threads = OptionalInt(request, "threads").value_or(0);
  if (const auto ordinal = OptionalInt(request, "device"))
    read.device = DeviceAddress{OptionalString(request, "driverLibrary").value_or(""), *ordinal};
  read.graphs =
      OptionalEnum<chain::GraphMode>(
          request, "cudaGraph",
          {{"auto", chain::GraphMode::kAuto}, {"on", chain::GraphMode::kOn}, {"off", chain::GraphMode::kOff}})
          .value_or(chain::GraphMode::kAuto);
  return read;
}

ChainShapes ShapesOf(const chain::ChainSpec& spec) {
  const auto view_of = [&](size_t index) {
    if (index >= spec.values.size()) throw Error("ERR_TRT_RUN_FAILED", "A chain has no such value.");
    const chain::ValueSpec& value = spec.values[index];
    return TensorView{value.type, value.dims, nullptr, TensorBytes(value.type, value.dims),
                      MemoryPlace::kHost};
  };
  ChainShapes shapes;
  for (size_t i = 0; i < spec.inputs; ++i) shapes.inputs.push_back(view_of(i));
  for (size_t index : spec.outputs) shapes.outputs.push_back(view_of(index));
  return shapes;
}

ChainTensors ReadChainTensors(const ChainShapes& shapes, Napi::Array inputs, Napi::Array targets,
                              HostPool& heap) {
  ChainTensors tensors;
  std::vector<size_t> copied_inputs;
  for (uint32_t i = 0; i < shapes.inputs.size(); ++i) {
    GivenPlace place = ReadPlace(tensors, shapes.inputs[i], inputs.Get(i));
    tensors.inputs.push_back(std::move(place.view));
    if (!place.lasts) copied_inputs.push_back(i);
  }
  for (uint32_t i = 0; i < shapes.outputs.size(); ++i) ReadSlot(tensors, shapes.outputs[i], targets.Get(i));
  RefuseOverlaps(tensors);
  Stage(tensors, copied_inputs, heap);
  for (uint32_t index : tensors.copied_outputs) tensors.outputs[index].view.data = nullptr;
  return tensors;
}

}  // namespace trtn
