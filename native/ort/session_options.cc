// SPDX-License-Identifier: Apache-2.0
#include "ort/session_options.h"

#include <string>
#include <vector>

#include "core/error.h"

namespace trtn::ort {

namespace {

constexpr char kSettingError[] = "ERR_TRT_ARG_VALUE";

/// The options while they are made.
class OptionsMaker {
 public:
  explicit OptionsMaker(const Runtime& runtime)
      : runtime_(runtime), api_(runtime.api()), options_(nullptr, api_.ReleaseSessionOptions) {
    SessionOptions* raw = nullptr;
    runtime_.Check(api_.CreateSessionOptions(&raw), "ERR_TRT_RUN_MODEL", "CreateSessionOptions");
    options_.reset(raw);
  }

  Handle<SessionOptions> Take() { return std::move(options_); }

  void SetThreads(int intra_op_num_threads, const RuntimeSettings& settings) {
    const bool is_parallel = settings.execution_mode == ExecutionMode::kParallel;
    Check(api_.SetIntraOpNumThreads(get(), intra_op_num_threads), "SetIntraOpNumThreads");
    Check(api_.SetInterOpNumThreads(get(), settings.inter_op_num_threads.value_or(is_parallel ? 0 : 1)),
          "SetInterOpNumThreads");
    if (is_parallel) Check(api_.SetSessionExecutionMode(get(), 1), "SetSessionExecutionMode");
  }

  void SetMemory(const RuntimeSettings& settings) {
    if (settings.cpu_mem_arena) {
      Check(*settings.cpu_mem_arena ? api_.EnableCpuMemArena(get()) : api_.DisableCpuMemArena(get()),
            "EnableCpuMemArena");
    }
    if (settings.mem_pattern) {
      Check(*settings.mem_pattern ? api_.EnableMemPattern(get()) : api_.DisableMemPattern(get()),
            "EnableMemPattern");
    }
  }

  void SetLog(const RuntimeSettings& settings) {
    if (settings.log_id) Check(api_.SetSessionLogId(get(), settings.log_id->c_str()), "SetSessionLogId");
    if (settings.log_severity) {
      Check(api_.SetSessionLogSeverityLevel(get(), static_cast<int>(*settings.log_severity)),
            "SetSessionLogSeverityLevel");
    }
    if (settings.log_verbosity) {
      Check(api_.SetSessionLogVerbosityLevel(get(), *settings.log_verbosity), "SetSessionLogVerbosityLevel");
    }
  }

  void SetGraph(const RuntimeSettings& settings) {
    if (settings.graph_optimization) {
      Check(api_.SetSessionGraphOptimizationLevel(get(), static_cast<int>(*settings.graph_optimization)),
            "SetSessionGraphOptimizationLevel");
    }
    if (settings.optimized_model_path) {
      Check(api_.SetOptimizedModelFilePath(get(), settings.optimized_model_path->c_str()),
            "SetOptimizedModelFilePath");
    }
    for (const auto& [name, size] : settings.free_dimensions) {
      Check(api_.AddFreeDimensionOverrideByName(get(), name.c_str(), size), "AddFreeDimensionOverrideByName");
    }
    for (const auto& [key, value] : settings.config_entries) {
      Check(api_.AddSessionConfigEntry(get(), key.c_str(), value.c_str()), "AddSessionConfigEntry");
    }
  }

  void SetProfile(const std::string& file_prefix) {
    if (!file_prefix.empty()) Check(api_.EnableProfiling(get(), file_prefix.c_str()), "EnableProfiling");
  }

  void SetExternalFiles(const std::vector<ExternalFile>& files) {
    if (files.empty()) return;
    const ExternalFilesFunction add = runtime_.external_files();
    if (add == nullptr) {
      throw Error(
          "ERR_TRT_RUN_UNSUPPORTED",
          "External data in memory needs ONNX Runtime 1.18 or newer; this is " + runtime_.version() + ".",
          "AddExternalInitializersFromFilesInMemory");
    }
    std::vector<const char*> paths;
    std::vector<char*> contents;
    std::vector<size_t> bytes;
    for (const ExternalFile& file : files) {
      paths.push_back(file.path.c_str());
      // ONNX Runtime only reads it.
      contents.push_back(static_cast<char*>(const_cast<void*>(file.data)));
      bytes.push_back(file.bytes);
    }
    Check(add(get(), paths.data(), contents.data(), bytes.data(), files.size()),
          "AddExternalInitializersFromFilesInMemory");
  }

 private:
  SessionOptions* get() const { return options_.get(); }
  void Check(Status* status, const char* where) const { runtime_.Check(status, kSettingError, where); }

  const Runtime& runtime_;
  const Api& api_;
  Handle<SessionOptions> options_;
};

}  // namespace

Handle<SessionOptions> MakeSessionOptions(const Runtime& runtime, const ModelOptions& wanted) {
  OptionsMaker maker(runtime);
  maker.SetThreads(wanted.intra_op_num_threads, wanted.settings);
  maker.SetMemory(wanted.settings);
  maker.SetLog(wanted.settings);
  maker.SetGraph(wanted.settings);
  maker.SetProfile(wanted.profile_file_prefix);
  maker.SetExternalFiles(wanted.settings.external_files);
  return maker.Take();
}

}  // namespace trtn::ort
