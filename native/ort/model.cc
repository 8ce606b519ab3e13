// SPDX-License-Identifier: Apache-2.0
#include "ort/model.h"

#include <utility>

#include "core/error.h"
#include "ort/element_types.h"
#include "ort/session_options.h"

namespace trtn::ort {

namespace {

constexpr char kModelError[] = "ERR_TRT_RUN_MODEL";

using CountFunction = Status* (*)(const OrtSession*, size_t*);
using NameFunction = Status* (*)(const OrtSession*, size_t, Allocator*, char**);
using TypeFunction = Status* (*)(const OrtSession*, size_t, TypeInfo**);

std::string ReadName(const Model& model, NameFunction get_name, size_t index) {
  const Runtime& runtime = model.runtime;
  char* raw = nullptr;
  runtime.Check(get_name(model.session.get(), index, runtime.allocator(), &raw), kModelError, "GetName");
  std::string name(raw);
  runtime.Check(runtime.api().AllocatorFree(runtime.allocator(), raw), kModelError, "AllocatorFree");
  return name;
}

/// What is no tensor keeps the type kUnknown.
void ReadType(const Model& model, const TypeInfo* type_info, TensorInfo& info) {
  const Runtime& runtime = model.runtime;
  const Api& api = runtime.api();
  OnnxType kind = OnnxType::kUnknown;
  runtime.Check(api.GetOnnxTypeFromTypeInfo(type_info, &kind), kModelError, "GetOnnxTypeFromTypeInfo");
  if (kind != OnnxType::kTensor) return;
  const TensorTypeInfo* tensor = nullptr;  // a view into type_info, not to be released
  runtime.Check(api.CastTypeInfoToTensorInfo(type_info, &tensor), kModelError, "CastTypeInfoToTensorInfo");
  int type = 0;
  size_t rank = 0;
  runtime.Check(api.GetTensorElementType(tensor, &type), kModelError, "GetTensorElementType");
  runtime.Check(api.GetDimensionsCount(tensor, &rank), kModelError, "GetDimensionsCount");
  info.type = FromOnnxType(type);
  if (ElementBits(info.type) == 0 && info.type != ElementType::kString) {
    throw Error(kModelError, "'" + info.name + "' has element type " + ElementTypeName(info.type) +
                                 " (ONNX type " + std::to_string(type) + "), which is not supported");
  }
  info.dims.resize(rank);
  std::vector<const char*> names(rank, nullptr);
  runtime.Check(api.GetDimensions(tensor, info.dims.data(), rank), kModelError, "GetDimensions");
  runtime.Check(api.GetSymbolicDimensions(tensor, names.data(), rank), kModelError, "GetSymbolicDimensions");
  for (const char* name : names) info.dim_names.emplace_back(name == nullptr ? "" : name);
}

std::vector<TensorInfo> ReadTensors(const Model& model, CountFunction get_count, NameFunction get_name,
                                    TypeFunction get_type) {
  const Runtime& runtime = model.runtime;
  size_t count = 0;
  runtime.Check(get_count(model.session.get(), &count), kModelError, "GetCount");
  std::vector<TensorInfo> tensors(count);
  for (size_t i = 0; i < count; ++i) {
    tensors[i].name = ReadName(model, get_name, i);
    TypeInfo* raw = nullptr;
    runtime.Check(get_type(model.session.get(), i, &raw), kModelError, "GetTypeInfo");
    Handle<TypeInfo> type_info(raw, runtime.api().ReleaseTypeInfo);
    ReadType(model, type_info.get(), tensors[i]);
  }
  return tensors;
}

void CreateSession(Model& model, const ModelOptions& wanted) {
  const Runtime& runtime = model.runtime;
  const Api& api = runtime.api();
  const Handle<SessionOptions> options = MakeSessionOptions(runtime, wanted);
  ThreadLog capture;
  OrtSession* raw = nullptr;
  Status* status = wanted.model_data != nullptr
                       ? api.CreateSessionFromArray(runtime.env(), wanted.model_data, wanted.model_bytes,
                                                    options.get(), &raw)
                       : api.CreateSession(runtime.env(), wanted.model_path.c_str(), options.get(), &raw);
  if (status != nullptr) runtime.Throw(status, kModelError, "CreateSession", capture.Take());
  model.session.reset(raw);
}

}  // namespace

std::shared_ptr<Model> OpenModel(const std::string& library, const ModelOptions& options) {
  auto model = std::make_shared<Model>(Runtime::Open(library));
  model->stage_log = options.stage_log;
  model->is_profiling = !options.profile_file_prefix.empty();
  CreateSession(*model, options);
  const Api& api = model->runtime.api();
  model->inputs =
      ReadTensors(*model, api.SessionGetInputCount, api.SessionGetInputName, api.SessionGetInputTypeInfo);
  model->outputs =
      ReadTensors(*model, api.SessionGetOutputCount, api.SessionGetOutputName, api.SessionGetOutputTypeInfo);
  for (const TensorInfo& info : model->inputs) {
    // Every run needs all inputs. Outputs that are no tensors are no hindrance: a run may ask for the others
    // alone.
    if (info.type == ElementType::kUnknown) {
      throw Error(kModelError,
                  "'" + info.name + "' is a sequence, map or optional; only tensors are supported");
    }
    model->input_names.push_back(info.name.c_str());
  }
  for (const TensorInfo& info : model->outputs) model->output_names.push_back(info.name.c_str());
  return model;
}

}  // namespace trtn::ort
