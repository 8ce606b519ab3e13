// SPDX-License-Identifier: Apache-2.0
#include "ort/runtime.h"

#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>

#include "core/error.h"
#include "core/utf8.h"
#include "dl/dynamic_library.h"

namespace trtn::ort {

namespace {

constexpr char kNotUsable[] = "ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND";

/// What ONNX Runtime calls the lines of no session; those of a session have its log id instead, if any.
constexpr char kEnvironmentName[] = "tensorrt-node";

thread_local ThreadLog* current_capture = nullptr;

Severity ToSeverity(LogLevel level) {
  switch (level) {
    case LogLevel::kFatal:
      return Severity::kInternalError;
    case LogLevel::kError:
      return Severity::kError;
    case LogLevel::kWarning:
      return Severity::kWarning;
    case LogLevel::kInfo:
      return Severity::kInfo;
    case LogLevel::kVerbose:
      break;
  }
  return Severity::kVerbose;
}

/// API version that a library of this version string surely has: its minor number (1.17.3 has API 17).
uint32_t ApiVersionOf(const char* version) {
  unsigned major = 0;
  unsigned minor = 0;
  if (std::sscanf(version, "%u.%u", &major, &minor) != 2) return 0;
  return major > 1 ? kExternalFilesApiVersion : minor;
}

}  // namespace

struct LogSink {
  static void Write(void*, LogLevel level, const char*, const char* log_id, const char* code_location,
                    const char* message) {
    ThreadLog* capture = current_capture;
    if (capture == nullptr || message == nullptr) return;
    try {
      const bool has_name =
          log_id != nullptr && *log_id != '\0' && std::strcmp(log_id, kEnvironmentName) != 0;
      std::string text = has_name ? "[" + std::string(log_id) + "] " + message : std::string(message);
      if (code_location != nullptr && *code_location != '\0') text += std::string(" (") + code_location + ")";
      capture->lines_.push_back({ToSeverity(level), ValidUtf8(text), 1});
    } catch (...) {
      // Called from C code: a line is lost rather than an exception thrown through it.
    }
  }
};

ThreadLog::ThreadLog() : outer_(current_capture) { current_capture = this; }
ThreadLog::~ThreadLog() { current_capture = outer_; }

Runtime::Runtime(std::string version, const void* const* table) : version_(std::move(version)), api_(table) {
  Check(api_.CreateEnvWithCustomLogger(&LogSink::Write, nullptr, LogLevel::kWarning, kEnvironmentName, &env_),
        kNotUsable, "CreateEnvWithCustomLogger");
  Check(api_.CreateCpuMemoryInfo(kDeviceAllocator, kDefaultMemory, &host_memory_), kNotUsable,
        "CreateCpuMemoryInfo");
  Check(api_.GetAllocatorWithDefaultOptions(&allocator_), kNotUsable, "GetAllocatorWithDefaultOptions");
}

Runtime& Runtime::Open(const std::string& path) {
  // Never destroyed: ONNX Runtime's own threads may outlive static destructors.
  static auto& mutex = *new std::mutex;
  static auto& opened = *new std::map<std::string, Runtime*>;
  std::lock_guard<std::mutex> lock(mutex);
  auto found = opened.find(path);
  if (found != opened.end()) return *found->second;

  const DynamicLibrary::OpenResult result = DynamicLibrary::Open(path);
  if (result.library == nullptr)
    throw Error(kNotUsable, path + " cannot be opened: " + result.error, "dlopen");
  auto* get_base = result.library->Function<const ApiBase*()>("OrtGetApiBase");
  if (get_base == nullptr) {
    throw Error(kNotUsable, path + " is not ONNX Runtime: it has no OrtGetApiBase", "OrtGetApiBase");
  }
  const ApiBase* base = get_base();
  const std::string version = base->GetVersionString();
  // Asked first: GetApi() of an older library prints to stderr when it does not know the version.
  const void* const* table =
      ApiVersionOf(version.c_str()) >= kApiVersion ? base->GetApi(kApiVersion) : nullptr;
  if (table == nullptr) {
    throw Error(kNotUsable, path + " is ONNX Runtime " + version + "; 1.17 or newer is needed", "GetApi");
  }
  result.library->KeepOpen();
  auto* runtime = new Runtime(version, table);
  if (ApiVersionOf(version.c_str()) >= kExternalFilesApiVersion) {
    if (const void* const* newer = base->GetApi(kExternalFilesApiVersion)) {
      runtime->external_files_ =
          reinterpret_cast<ExternalFilesFunction>(const_cast<void*>(newer[kExternalFilesSlot]));
    }
  }
  opened.emplace(path, runtime);
  return *runtime;
}

void Runtime::Throw(Status* status, const char* code, const char* where, std::vector<LogLine> log) const {
  const std::string message = api_.GetErrorMessage(status);
  api_.ReleaseStatus(status);
  throw Error(code, message, where, std::move(log));
}

}  // namespace trtn::ort
