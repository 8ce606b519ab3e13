// SPDX-License-Identifier: Apache-2.0
#include "nvml/library.h"

#include <utility>

#include "core/error.h"

namespace trtn::nvml {
namespace {

constexpr char kDefaultLibrary[] = "libnvidia-ml.so.1";

std::string Description(const NvmlApi& api, const char* call, Result result) {
  const char* text = api.nvmlErrorString != nullptr ? api.nvmlErrorString(result) : nullptr;
  const std::string known = text != nullptr ? std::string(" (") + text + ")" : "";
  return std::string(call) + " returned " + std::to_string(result) + known;
}

Error OpenError(const std::string& path, const std::string& reason, const char* where = "") {
  Error error("ERR_TRT_LOAD_NVML_NOT_FOUND", "NVML cannot be used: " + reason + ".", where);
  error.details.push_back({"library", {path}});
  error.details.push_back({"reason", {reason}});
  return error;
}

}  // namespace

Library::Library(std::shared_ptr<DynamicLibrary> library, const NvmlApi& api)
    : library_(std::move(library)), api_(api) {
  // NVML's NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE is 80.
  char text[128] = "";
  if (api_.nvmlSystemGetDriverVersion != nullptr &&
      api_.nvmlSystemGetDriverVersion(text, sizeof text) == kSuccess) {
    driver_ = text;
  }
}

std::shared_ptr<const Library> Library::Open(const std::string& path) {
  const std::string asked = path.empty() ? kDefaultLibrary : path;
  DynamicLibrary::OpenResult opened = DynamicLibrary::Open(asked);
  if (!opened.library) throw OpenError(asked, opened.error);
  const std::string& found = opened.library->path();
  const NvmlApi api = LoadNvmlApi([&](const char* name) { return opened.library->Symbol(name); });
  if (api.nvmlInit_v2 == nullptr || api.nvmlShutdown == nullptr) {
    throw OpenError(found, found + ": not an NVML library: it lacks nvmlInit_v2 or nvmlShutdown");
  }
  opened.library->KeepOpen();
  const Result result = api.nvmlInit_v2();
  if (result != kSuccess) {
    Error error = OpenError(found, found + ": " + Description(api, "nvmlInit_v2", result), "nvmlInit_v2");
    error.AddNumber("result", result);
    throw error;
  }
  return std::shared_ptr<const Library>(new Library(std::move(opened.library), api));
}

std::string Library::Describe(const char* call, Result result) const {
  return Description(api_, call, result);
}

}  // namespace trtn::nvml
