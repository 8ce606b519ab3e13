// SPDX-License-Identifier: Apache-2.0
#include "trt/family/engine_description.h"

#include "trt/family/tensor_description.h"
#include "trt/run_failure.h"

namespace trtn::trt::TRTN_FAMILY {
namespace {

using Range = EngineControl::Range;

PlanTensor Describe(RuntimeState& runtime, const nv::ICudaEngine& engine, const char* name,
                    const LogCapture& log) {
  PlanTensor tensor;
  tensor.info.name = name;
  const nv::Dims dims = engine.getTensorShape(name);
  if (dims.nbDims < 0) {
    throw RunFailure("does not tell the shape of '" + tensor.info.name + "'", "ICudaEngine::getTensorShape",
                     runtime.Take(log));
  }
  tensor.info.dims = ToVector(dims);
  tensor.info.dim_names.resize(tensor.info.dims.size());  // a plan has no names for them
  tensor.info.type = ElementTypeOf(engine.getTensorDataType(name));
  tensor.info.is_shape_tensor = engine.isShapeInferenceIO(name);
  tensor.is_input = engine.getTensorIOMode(name) == nv::TensorIOMode::kINPUT;
  tensor.is_on_host = engine.getTensorLocation(name) == nv::TensorLocation::kHOST;
  tensor.is_linear = engine.getTensorFormat(name) == nv::TensorFormat::kLINEAR;
  if (!tensor.is_linear) {
    const char* format = engine.getTensorFormatDesc(name);
    tensor.format = format != nullptr ? format : "not linear";
    tensor.vector_dim = engine.getTensorVectorizedDim(name);
    if (tensor.vector_dim >= 0) tensor.components_per_element = engine.getTensorComponentsPerElement(name);
  }
  return tensor;
}

/// Values of a shape tensor; empty if the profile has none.
std::vector<int64_t> Values(const RuntimeState& runtime, const nv::ICudaEngine& engine,
                            const PlanTensor& tensor, int32_t profile, nv::OptProfileSelector select) {
  const char* name = tensor.info.name.c_str();
  size_t count = 1;
  for (int64_t dim : tensor.info.dims) count *= dim > 0 ? static_cast<size_t>(dim) : 0;
#if TRTN_IS_10
  if (!runtime.AtLeast(kProfileValuesV2Since)) {
    const int32_t* values = engine.getProfileTensorValues(name, profile, select);
    return values == nullptr ? std::vector<int64_t>() : std::vector<int64_t>(values, values + count);
  }
#endif
  const int64_t* values = engine.getProfileTensorValuesV2(name, profile, select);
  return values == nullptr ? std::vector<int64_t>() : std::vector<int64_t>(values, values + count);
}

Range DescribeRange(RuntimeState& runtime, const nv::ICudaEngine& engine, const PlanTensor& tensor,
                    int32_t profile) {
  Range range;
  const auto dims = [&](nv::OptProfileSelector select) {
    const LogCapture log(Severity::kWarning);
    const nv::Dims shape = engine.getProfileShape(tensor.info.name.c_str(), profile, select);
    if (shape.nbDims >= 0) return ToVector(shape);
    throw RunFailure("does not tell the range of '" + tensor.info.name + "'", "ICudaEngine::getProfileShape",
                     runtime.Take(log));
  };
  // Values are what limits a shape tensor; its own shape is fixed. Those on the device cannot be read here.
  if (tensor.info.is_shape_tensor && tensor.is_on_host) {
    range.min = Values(runtime, engine, tensor, profile, nv::OptProfileSelector::kMIN);
    range.opt = Values(runtime, engine, tensor, profile, nv::OptProfileSelector::kOPT);
    range.max = Values(runtime, engine, tensor, profile, nv::OptProfileSelector::kMAX);
    range.is_values = !range.max.empty();
    if (range.min.size() != range.max.size() || range.opt.size() != range.max.size()) {
      throw RunFailure("does not tell the values of '" + tensor.info.name + "'",
                       "ICudaEngine::getProfileTensorValuesV2", {});
    }
    if (range.is_values) return range;
  }
  range.min = dims(nv::OptProfileSelector::kMIN);
  range.opt = dims(nv::OptProfileSelector::kOPT);
  range.max = dims(nv::OptProfileSelector::kMAX);
  return range;
}

}  // namespace

std::vector<PlanTensor> DescribeTensors(RuntimeState& runtime, const nv::ICudaEngine& engine) {
  const LogCapture log(Severity::kWarning);
  std::vector<PlanTensor> tensors;
  for (int32_t i = 0; i < engine.getNbIOTensors(); i++) {
    const char* name = engine.getIOTensorName(i);
    if (!IsObject(name)) {
      throw RunFailure("does not name tensor " + std::to_string(i), "ICudaEngine::getIOTensorName",
                       runtime.Take(log));
    }
    tensors.push_back(Describe(runtime, engine, name, log));
  }
  return tensors;
}

std::vector<std::vector<Range>> DescribeProfiles(RuntimeState& runtime, const nv::ICudaEngine& engine,
                                                 const std::vector<PlanTensor>& tensors) {
  std::vector<std::vector<Range>> profiles;
  for (int32_t profile = 0; profile < engine.getNbOptimizationProfiles(); profile++) {
    std::vector<Range>& ranges = profiles.emplace_back();
    for (const PlanTensor& tensor : tensors) {
      if (tensor.is_input) ranges.push_back(DescribeRange(runtime, engine, tensor, profile));
    }
  }
  return profiles;
}

}  // namespace trtn::trt::TRTN_FAMILY
