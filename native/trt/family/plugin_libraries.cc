// SPDX-License-Identifier: Apache-2.0
#include "trt/family/plugin_libraries.h"

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "core/error.h"
#include "dl/dynamic_library.h"

namespace trtn::trt::TRTN_FAMILY {
namespace {

[[noreturn]] void ThrowPlugin(const std::string& path, const std::string& reason, const char* where,
                              std::vector<LogLine> log) {
  Error error("ERR_TRT_LOAD_PLUGIN", "The plugin library " + path + " cannot be loaded: " + reason, where,
              std::move(log));
  error.details.push_back({"path", {path}});
  throw error;
}

int32_t GlobalCreators(const DynamicLibrary& infer) {
  auto* get_registry = infer.Function<nv::IPluginRegistry*()>("getPluginRegistry");
  nv::IPluginRegistry* registry = get_registry != nullptr ? get_registry() : nullptr;
  int32_t count = 0;
  if (IsObject(registry)) registry->getAllCreators(&count);
  return count;
}

/// Libraries that have put their creators into the global registry: a second opening changes nothing there.
bool IsKnown(const std::string& path, bool remember) {
  static auto& mutex = *new std::mutex;
  static auto& known = *new std::set<std::string>;
  std::lock_guard<std::mutex> lock(mutex);
  if (remember) known.insert(path);
  return known.count(path) != 0;
}

bool HasCreatorList(const DynamicLibrary& library) {
  return library.Symbol("getCreators") != nullptr || library.Symbol("getPluginCreators") != nullptr;
}

void LoadPlugin(RuntimeState& state, const std::string& path) {
  LogCapture log(Severity::kWarning);
  const int32_t creators_before = GlobalCreators(*state.library.infer);
  // Opened here first: the loader's own words ("cannot open shared object file") are better than a null.
  const DynamicLibrary::OpenResult opened = DynamicLibrary::Open(path);
  if (!opened.library) ThrowPlugin(path, opened.error + ".", "dlopen", {});
  if (HasCreatorList(*opened.library)) {
    if (state.runtime->getPluginRegistry().loadLibrary(path.c_str()) != nullptr) return;
    ThrowPlugin(path, "TensorRT refuses it (the log says why).", "IPluginRegistry::loadLibrary",
                state.Take(log));
  }
  if (IsKnown(path, false)) return;
  if (GlobalCreators(*state.library.infer) == creators_before) {
    ThrowPlugin(path, "it registers no plugin and exports neither getCreators nor getPluginCreators.",
                "dlopen", log.Lines());
  }
  // The registry holds pointers into it.
  opened.library->KeepOpen();
  IsKnown(path, true);
}

}  // namespace

void LoadPlugins(RuntimeState& state) {
  for (const std::string& path : state.library.plugins) LoadPlugin(state, path);
}

}  // namespace trtn::trt::TRTN_FAMILY
