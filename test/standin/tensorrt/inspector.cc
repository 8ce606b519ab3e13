// SPDX-License-Identifier: Apache-2.0
#include "inspector.h"

namespace standin {

namespace {

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (char character : text) {
    if (character == '"' || character == '\\') quoted += '\\';
    quoted += character;
  }
  return quoted + "\"";
}

std::string TensorsJson(const Plan& plan, const std::vector<int>& tensors) {
  std::string json = "[";
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorSpec& tensor = plan.tensors[tensors[i]];
    json += std::string(i ? ", " : "") + "{\"Name\": " + Quoted(tensor.name) +
            ", \"Dimensions\": " + ShapeText(tensor.dims) +
            ", \"Format/Datatype\": " + Quoted(std::string("Row major linear ") + TypeName(tensor.type)) +
            "}";
  }
  return json + "]";
}

std::string LayerJson(const Plan& plan, const Layer& layer) {
  return "{\"Name\": " + Quoted(layer.name) + ", \"LayerType\": " + Quoted(layer.function) +
         ", \"Inputs\": " + TensorsJson(plan, layer.inputs) +
         ", \"Outputs\": " + TensorsJson(plan, layer.outputs) +
         ", \"TacticName\": " + Quoted("standin_" + layer.function) + "}";
}

}  // namespace

char const* Inspector::getLayerInformation(int32_t layer, nv::LayerInformationFormat format) const noexcept {
  constexpr char kEntry[] = "IEngineInspector::getLayerInformation";
  if (Enter(kEntry)) return nullptr;
  if (layer < 0 || layer >= static_cast<int32_t>(plan_->layers.size())) {
    ParameterError(kEntry, "layerIndex < getNbLayers()", "There is no layer " + std::to_string(layer) + ".");
    return nullptr;
  }
  text_ = format == nv::LayerInformationFormat::kJSON ? LayerJson(*plan_, plan_->layers[layer])
                                                      : plan_->layers[layer].name;
  return text_.c_str();
}

char const* Inspector::getEngineInformation(nv::LayerInformationFormat format) const noexcept {
  if (Enter("IEngineInspector::getEngineInformation")) return nullptr;
  bool is_json = format == nv::LayerInformationFormat::kJSON;
  text_ = is_json ? "{\"Layers\": [" : "Layers:\n";
  for (size_t i = 0; i < plan_->layers.size(); ++i) {
    const Layer& layer = plan_->layers[i];
    text_ += is_json ? (i ? ",\n" : "") + LayerJson(*plan_, layer) : layer.name + "\n";
  }
  text_ += is_json ? "],\n\"Bindings\": [" : "Bindings:\n";
  for (size_t i = 0; i < plan_->io_count; ++i) {
    const std::string& name = plan_->tensors[i].name;
    text_ += is_json ? (i ? ", " : "") + Quoted(name) : name + "\n";
  }
  if (is_json) text_ += "]}\n";
  return text_.c_str();
}

}  // namespace standin
