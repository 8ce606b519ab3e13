// SPDX-License-Identifier: Apache-2.0
#include "addon/session_request.h"

#include <utility>

#include "addon/array_buffers.h"
#include "addon/convert.h"
#include "core/error.h"

namespace trtn {
namespace {

/// The bytes of this property, copied to `request`; false where it is absent.
bool ReadBytes(Napi::Object object, const char* key, JsSessionRequest& request) {
  const auto bytes = OptionalBytes(object, key);
  if (!bytes) return false;
  if (bytes->bytes == 0) throw Error("ERR_TRT_RUN_MODEL", "The model has no bytes.");
  request.bytes.assign(bytes->data, bytes->data + bytes->bytes);
  return true;
}

template <class T>
void RequireSameLength(Napi::Object object, const char* key, const std::vector<std::string>& names,
                       const std::vector<T>& values) {
  if (names.size() == values.size()) return;
  throw Napi::TypeError::New(object.Env(), std::string(key) + " must have a value for each name");
}

/// Copies the bytes of the files to `request`, as those of the model are.
void ReadExternalFiles(Napi::Object object, JsSessionRequest& request, ort::RuntimeSettings& settings) {
  std::vector<std::string> paths = StringList(object, "externalPaths");
  for (uint32_t i = 0; i < paths.size(); ++i) {
    const ArrayMemory memory = MemoryOf(object.Env(), object.Get("externalData").As<Napi::Array>().Get(i));
    const auto* first = static_cast<const uint8_t*>(memory.data);
    const std::vector<uint8_t>& bytes = request.external_files.emplace_back(first, first + memory.bytes);
    settings.external_files.push_back({std::move(paths[i]), bytes.data(), bytes.size()});
  }
}

void ReadTables(Napi::Object object, ort::RuntimeSettings& settings) {
  const std::vector<std::string> names = StringList(object, "freeDimensionNames");
  const std::vector<int64_t> sizes = Int64List(object, "freeDimensionSizes");
  RequireSameLength(object, "freeDimensionSizes", names, sizes);
  for (size_t i = 0; i < names.size(); ++i) settings.free_dimensions.emplace_back(names[i], sizes[i]);
  const std::vector<std::string> keys = StringList(object, "configKeys");
  const std::vector<std::string> values = StringList(object, "configValues");
  RequireSameLength(object, "configValues", keys, values);
  for (size_t i = 0; i < keys.size(); ++i) settings.config_entries.emplace_back(keys[i], values[i]);
}

/// Nothing where it is absent, which false is not.
std::optional<bool> Choice(Napi::Object object, const char* key) {
  if (!object.Get(key).IsBoolean()) return std::nullopt;
  return OptionalBool(object, key);
}

/// NativeOnnxRuntimeSettings of lib/binding/contract.ts.
void ReadRuntimeSettings(Napi::Object object, JsSessionRequest& request, ort::RuntimeSettings& settings) {
  using Level = ort::GraphOptimization;
  using Mode = ort::ExecutionMode;
  settings.graph_optimization = OptionalEnum<Level>(object, "graphOptimizationLevel",
                                                    {{"disabled", Level::kDisabled},
                                                     {"basic", Level::kBasic},
                                                     {"extended", Level::kExtended},
                                                     {"layout", Level::kLayout},
                                                     {"all", Level::kAll}});
  settings.execution_mode =
      OptionalEnum<Mode>(object, "executionMode",
                         {{"sequential", Mode::kSequential}, {"parallel", Mode::kParallel}})
          .value_or(settings.execution_mode);
  settings.inter_op_num_threads = OptionalInt(object, "interOpNumThreads");
  settings.cpu_mem_arena = Choice(object, "enableCpuMemArena");
  settings.mem_pattern = Choice(object, "enableMemPattern");
  settings.log_id = OptionalString(object, "logId");
  if (const auto level = OptionalInt(object, "logSeverityLevel"))
    settings.log_severity = static_cast<ort::LogLevel>(*level);
  settings.log_verbosity = OptionalInt(object, "logVerbosityLevel");
  settings.optimized_model_path = OptionalString(object, "optimizedModelFilePath");
  ReadTables(object, settings);
  ReadExternalFiles(object, request, settings);
}

void ReadCpuRequest(Napi::Object object, JsSessionRequest& request) {
  CpuModelRequest model;
  model.library = RequiredString(object, "library");
  model.options.intra_op_num_threads = OptionalInt(object, "intraOpNumThreads").value_or(1);
  const Napi::Value settings = object.Get("onnxRuntime");
  if (settings.IsObject()) ReadRuntimeSettings(settings.As<Napi::Object>(), request, model.options.settings);
  model.options.stage_log = request.stage_log;
  model.options.profile_file_prefix = OptionalString(object, "profileFilePrefix").value_or("");
  if (ReadBytes(object, "modelBytes", request)) {
    model.options.model_data = request.bytes.data();
    model.options.model_bytes = request.bytes.size();
  } else {
    model.options.model_path = RequiredString(object, "modelPath");
  }
  request.model = std::move(model);
}

void ReadLibraries(Napi::Object object, trt::RuntimeLibraryOptions& libraries) {
  libraries.library = RequiredString(object, "library");
  libraries.parser = OptionalString(object, "parserLibrary").value_or("");
  libraries.driver_path = OptionalString(object, "driverLibrary").value_or("");
  libraries.plugins = StringList(object, "pluginLibraries");
}

void ReadContextOptions(Napi::Object object, gpu::GpuModelOptions& model) {
  trt::ContextOptions& context = model.context;
  context.memory =
      OptionalEnum<trt::ContextMemory>(object, "contextMemory",
                                       {{"static", trt::ContextMemory::kStatic},
                                        {"on-profile-change", trt::ContextMemory::kOnProfileChange},
                                        {"shared", trt::ContextMemory::kShared}})
          .value_or(context.memory);
  context.persistent_cache_bytes = OptionalSize(object, "persistentCacheBytes");
  context.dynamic_shape_kernels =
      OptionalEnum<trt::DynamicShapeKernels>(object, "dynamicShapeKernels",
                                             {{"lazy", trt::DynamicShapeKernels::kLazy},
                                              {"eager", trt::DynamicShapeKernels::kEager},
                                              {"none", trt::DynamicShapeKernels::kNone}});
}

void ReadRunOptions(Napi::Object object, gpu::GpuModelOptions& model) {
  using Priority = cuda::Stream::Priority;
  model.graphs =
      OptionalEnum<gpu::GraphMode>(
          object, "cudaGraph",
          {{"auto", gpu::GraphMode::kAuto}, {"on", gpu::GraphMode::kOn}, {"off", gpu::GraphMode::kOff}})
          .value_or(model.graphs);
  model.graph_limit = OptionalSize(object, "cudaGraphLimit").value_or(model.graph_limit);
  model.profile = OptionalInt(object, "profile");
  model.priority = OptionalEnum<Priority>(
                       object, "streamPriority",
                       {{"low", Priority::kLow}, {"normal", Priority::kNormal}, {"high", Priority::kHigh}})
                       .value_or(model.priority);
  // Undefined and null leave the default.
  if (object.Get("auxStreams").IsBoolean()) model.use_aux_streams = OptionalBool(object, "auxStreams");
  model.weight_streaming_budget_bytes = OptionalInt64(object, "weightStreamingBudgetBytes");
  model.pinned_limit_bytes = OptionalSize(object, "pinnedMemoryBytes").value_or(model.pinned_limit_bytes);
  model.spin_wait = OptionalBool(object, "spinWait");
  if (const auto cache = OptionalBytes(object, "runtimeCache"))
    model.runtime_cache.assign(cache->data, cache->data + cache->bytes);
}

void ReadGpuRequest(Napi::Object object, JsSessionRequest& request) {
  gpu::GpuModelOptions model;
  ReadLibraries(object, model.libraries);
  model.device = OptionalInt(object, "device").value_or(0);
  if (ReadBytes(object, "planBytes", request)) {
    model.plan_data = request.bytes.data();
    model.plan_bytes = request.bytes.size();
  } else {
    model.plan_path = RequiredString(object, "planPath");
  }
  model.stage_log = request.stage_log;
  model.allow_host_code = OptionalBool(object, "allowHostCode");
  ReadContextOptions(object, model);
  ReadRunOptions(object, model);
  request.model = std::move(model);
}

}  // namespace

JsSessionRequest ReadSessionRequest(Napi::Object object) {
  JsSessionRequest request;
  if (OptionalBool(object, "stageTimes")) request.stage_log = std::make_shared<StageLog>();
  const std::string backend = RequiredString(object, "backend");
  if (backend == "tensorrt") {
    ReadGpuRequest(object, request);
  } else if (backend == "onnxruntime") {
    ReadCpuRequest(object, request);
  } else {
    throw Napi::TypeError::New(object.Env(), "backend has no value '" + backend + "'");
  }
  request.options.contexts = OptionalSize(object, "contexts").value_or(1);
  request.options.max_queue = OptionalSize(object, "maxQueue").value_or(request.options.max_queue);
  const Napi::Value external = object.Get("externalBuffers");
  const bool is_forbidden = external.IsBoolean() && !external.ToBoolean();
  request.allow_external = !is_forbidden && AllowsExternalBuffers(object.Env());
  return request;
}

}  // namespace trtn
