// SPDX-License-Identifier: Apache-2.0
#include "addon/session_load.h"

#include <filesystem>
#include <utility>

#include "trt/library.h"
#include "trt/version.h"

namespace trtn {
namespace {

/// 0 where the file cannot be asked.
int64_t FileBytes(const std::string& path) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(path, failure);
  return failure ? 0 : static_cast<int64_t>(size);
}

std::shared_ptr<Executable> Load(const CpuModelRequest& request, LoadedSession& loaded) {
  std::shared_ptr<Executable> executable = ort::LoadModel(request.library, request.options);
  loaded.library_version = ort::LibraryVersion(request.library);
  loaded.model_bytes = request.options.model_data != nullptr
                           ? static_cast<int64_t>(request.options.model_bytes)
                           : FileBytes(request.options.model_path);
  return executable;
}

std::shared_ptr<Executable> Load(const gpu::GpuModelOptions& request, LoadedSession& loaded) {
  std::shared_ptr<Executable> executable = gpu::LoadPlan(request);
  loaded.library_version = trt::VersionText(trt::ProbeLibrary(request.libraries.library).version);
  loaded.device = DeviceAddress{request.libraries.driver_path, request.device};
  loaded.model_bytes =
      request.plan_data != nullptr ? static_cast<int64_t>(request.plan_bytes) : FileBytes(request.plan_path);
  return executable;
}

/// A library that cannot look into its plan shall still run it; tracing then tells why.
std::vector<std::string> DebugTensorsOf(EngineControl& control) {
  try {
    return control.DebugTensors();
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

LoadedSession LoadSession(JsSessionRequest& request) {
  LoadedSession loaded;
  std::shared_ptr<Executable> executable =
      std::visit([&loaded](const auto& model) { return Load(model, loaded); }, request.model);
  // TensorRT and ONNX Runtime have made their own of it.
  request.bytes = {};
  request.external_files = {};
  loaded.inputs = executable->inputs();
  loaded.outputs = executable->outputs();
  loaded.pool = executable->host_pool();
  if (EngineControl* control = executable->control()) {
    loaded.profiles = control->profiles();
    loaded.debug_tensors = DebugTensorsOf(*control);
  }
  loaded.session = std::make_shared<Session>(std::move(executable), request.options);
  return loaded;
}

}  // namespace trtn
