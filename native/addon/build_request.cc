// SPDX-License-Identifier: Apache-2.0
#include "addon/build_request.h"

#include <optional>
#include <utility>

#include "addon/convert.h"

namespace trtn {
namespace {

Family ReadFamily(Napi::Object object) {
  const auto family = OptionalEnum<Family>(object, "family",
                                           {{"tensorrt-10", Family::kTensorRt10},
                                            {"tensorrt-11", Family::kTensorRt11},
                                            {"tensorrt-rtx", Family::kTensorRtRtx}});
  if (!family) throw Napi::TypeError::New(object.Env(), "family must be a string");
  return *family;
}

std::vector<Napi::Object> ObjectList(Napi::Value value, const char* key) {
  if (value.IsUndefined()) return {};
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), std::string(key) + " must be an array");
  const auto list = value.As<Napi::Array>();
  std::vector<Napi::Object> objects;
  for (uint32_t i = 0; i < list.Length(); i++) {
    const Napi::Value item = list.Get(i);
    if (!item.IsObject()) throw Napi::TypeError::New(value.Env(), std::string(key) + " must hold objects");
    objects.push_back(item.As<Napi::Object>());
  }
  return objects;
}

Profile ReadProfile(Napi::Object list) {
  Profile profile;
  for (Napi::Object item : ObjectList(list, "profile")) {
    ProfileRange range;
    range.input = RequiredString(item, "input");
    range.is_values = OptionalBool(item, "isValues");
    range.min = Int64List(item, "min");
    range.opt = Int64List(item, "opt");
    range.max = Int64List(item, "max");
    profile.push_back(std::move(range));
  }
  return profile;
}

void ReadModel(Napi::Object object, JsBuildRequest& result) {
  BuildRequest& request = result.request;
  request.model_path = OptionalString(object, "modelPath").value_or("");
  if (const auto bytes = OptionalBytes(object, "modelBytes")) {
    // One byte more: an empty array still is a model given as bytes, and has an address.
    result.model.reserve(bytes->bytes + 1);
    result.model.assign(bytes->data, bytes->data + bytes->bytes);
    request.model_data = result.model.data();
    request.model_bytes = bytes->bytes;
  } else if (request.model_path.empty()) {
    throw Napi::TypeError::New(object.Env(), "modelPath or modelBytes must be given");
  }
}

void ReadOptions(Napi::Object object, BuildRequest& request) {
  request.output_path = OptionalString(object, "outputPath").value_or("");
  for (Napi::Object list : ObjectList(object.Get("profiles"), "profiles")) {
    request.profiles.push_back(ReadProfile(list));
  }
  request.workspace_bytes = OptionalSize(object, "workspaceBytes");
  request.tactic_shared_memory_bytes = OptionalSize(object, "tacticSharedMemoryBytes");
  request.optimization_level = OptionalInt(object, "optimizationLevel");
  request.use_timing_cache = OptionalBool(object, "useTimingCache");
  if (const auto cache = OptionalBytes(object, "timingCache")) {
    request.timing_cache.assign(cache->data, cache->data + cache->bytes);
  }
  for (int64_t capability : Int64List(object, "computeCapabilities")) {
    request.compute_capabilities.push_back(static_cast<int>(capability));
  }
  request.version_compatible = OptionalBool(object, "versionCompatible");
  request.exclude_lean_runtime = OptionalBool(object, "excludeLeanRuntime");
  request.weight_streaming = OptionalBool(object, "weightStreaming");
  request.strip_plan = OptionalBool(object, "stripPlan");
  request.sparse_weights = OptionalBool(object, "sparseWeights");
  request.disable_tf32 = OptionalBool(object, "disableTf32");
  request.max_aux_streams = OptionalInt(object, "maxAuxStreams");
}

void ReadNamedOptions(Napi::Object object, BuildRequest& request) {
  request.hardware_compatibility = OptionalEnum<HardwareCompatibility>(
      object, "hardwareCompatibility",
      {{"none", HardwareCompatibility::kNone},
       {"ampere+", HardwareCompatibility::kAmperePlus},
       {"same-compute-capability", HardwareCompatibility::kSameComputeCapability}});
  request.profiling_verbosity = OptionalEnum<Verbosity>(object, "profilingVerbosity",
                                                        {{"layer-names-only", Verbosity::kLayerNamesOnly},
                                                         {"none", Verbosity::kNone},
                                                         {"detailed", Verbosity::kDetailed}});
  request.refit =
      OptionalEnum<Refit>(object, "refit",
                          {{"none", Refit::kNone}, {"all", Refit::kAll}, {"identical", Refit::kIdentical}})
          .value_or(Refit::kNone);
  request.log_severity = OptionalEnum<Severity>(object, "logSeverity",
                                                {{"internal-error", Severity::kInternalError},
                                                 {"error", Severity::kError},
                                                 {"warning", Severity::kWarning},
                                                 {"info", Severity::kInfo},
                                                 {"verbose", Severity::kVerbose}})
                             .value_or(Severity::kWarning);
}

}  // namespace

JsBuildRequest ReadBuildRequest(Napi::Object object) {
  JsBuildRequest result;
  result.family = ReadFamily(object);
  result.library = RequiredString(object, "library");
  result.parser_library = RequiredString(object, "parserLibrary");
  result.driver_library = OptionalString(object, "driverLibrary").value_or("");
  ReadModel(object, result);
  ReadOptions(object, result.request);
  ReadNamedOptions(object, result.request);
  return result;
}

}  // namespace trtn
