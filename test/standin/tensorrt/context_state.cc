// SPDX-License-Identifier: Apache-2.0
#include "context_state.h"

#include <algorithm>

namespace standin {

namespace {

std::optional<Shape> ValuesOf(const ContextState& state, const Layer& layer) {
  return layer.function == "reshape" ? ReadShapeValues(state, layer.inputs[1]) : std::nullopt;
}

}  // namespace

std::optional<Shape> ReadShapeValues(const ContextState& state, int tensor) {
  const void* address = state.addresses[tensor];
  const std::optional<Shape>& shape = state.input_shapes[tensor];
  if (!address || !shape || ElementCount(*shape) < 0) return std::nullopt;
  Shape values(static_cast<size_t>(ElementCount(*shape)));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = state.plan->tensors[tensor].type == nv::DataType::kINT64
                    ? static_cast<const int64_t*>(address)[i]
                    : static_cast<const int32_t*>(address)[i];
  }
  return values;
}

std::vector<Shape> InferAllShapes(const ContextState& state) {
  const Plan& plan = *state.plan;
  std::vector<Shape> shapes;
  for (size_t i = 0; i < plan.tensors.size(); ++i) {
    shapes.push_back(state.input_shapes[i] ? *state.input_shapes[i] : plan.tensors[i].dims);
  }
  for (const Layer& layer : plan.layers) {
    std::vector<Shape> inputs;
    for (int input : layer.inputs) inputs.push_back(shapes[input]);
    std::optional<Shape> values = ValuesOf(state, layer);
    std::vector<Shape> outputs = InferLayer(layer, inputs, values ? &*values : nullptr);
    for (size_t i = 0; i < outputs.size(); ++i) shapes[layer.outputs[i]] = outputs[i];
  }
  return shapes;
}

void WriteShapeOutputs(const ContextState& state, const std::vector<Shape>& shapes) {
  for (const Layer& layer : state.plan->layers) {
    const int tensor = layer.outputs[0];
    if (layer.function != "shapeof" || !state.plan->IsShapeInferenceIo(tensor)) continue;
    if (!state.addresses[tensor]) continue;
    PutShape(shapes[layer.inputs[0]],
             {state.addresses[tensor], shapes[tensor], state.plan->tensors[tensor].type});
  }
}

int64_t MaxBytes(const ContextState& state, int tensor) {
  const Plan& plan = *state.plan;
  // Where an input has no shape yet, the profile's largest one bounds it.
  ContextState bounded = state;
  for (const auto& [name, range] : plan.profiles[state.profile]) {
    std::optional<Shape>& shape = bounded.input_shapes[plan.Find(name)];
    if (!shape) shape = range.max;
  }
  std::vector<Shape> shapes = InferAllShapes(bounded);
  Shape shape = shapes[tensor];
  for (const Layer& layer : plan.layers) {
    if (layer.function != "nonzero" || layer.outputs[0] != tensor) continue;
    shape[1] = ElementCount(shapes[layer.inputs[0]]);
  }
  if (ElementCount(shape) >= 0) return ByteCount(shape, plan.tensors[tensor].type);
  // A reshape whose values are not known yet keeps the number of elements.
  for (const Layer& layer : plan.layers) {
    if (layer.outputs[0] == tensor) return ByteCount(shapes[layer.inputs[0]], plan.tensors[tensor].type);
  }
  return -1;
}

std::string ProfileProblem(const Plan& plan, int profile, const std::string& name, const Shape& shape) {
  const ProfileRange& range = plan.profiles[profile].at(name);
  bool fits = shape.size() == range.max.size();
  for (size_t i = 0; fits && i < shape.size(); ++i) {
    fits = range.min[i] <= shape[i] && shape[i] <= range.max[i];
  }
  if (fits) return "";
  return "Set dimension " + ShapeText(shape) + " for tensor " + name +
         " does not satisfy any optimization profiles. Valid range for profile " + std::to_string(profile) +
         ": " + ShapeText(range.min) + ".." + ShapeText(range.max) + ".";
}

void ReportLayerTimes(const ContextState& state) {
  size_t count = std::max<size_t>(state.plan->layers.size(), 1);
  float milliseconds =
      static_cast<float>(std::max(state.plan->duration_us, 1.0) / 1000 / static_cast<double>(count));
  for (const Layer& layer : state.plan->layers) {
    state.profiler->reportLayerTime(layer.name.c_str(), milliseconds);
  }
}

}  // namespace standin
