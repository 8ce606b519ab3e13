// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "ort/api.h"

namespace trtn::ort {

/// One opened libonnxruntime with its environment. Immortal: ONNX Runtime keeps threads and a process-wide
/// environment that must not go away under sessions of another thread or of another package.
class Runtime {
 public:
  /// Opens the library, or returns the one opened before from the same path. Thread-safe.
  /// Throws ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND where the file cannot be used, with the loader's reason.
  static Runtime& Open(const std::string& path);

  const Api& api() const { return api_; }
  /// "1.30.0".
  const std::string& version() const { return version_; }
  const Env* env() const { return env_; }
  const MemoryInfo* host_memory() const { return host_memory_; }
  Allocator* allocator() const { return allocator_; }
  /// Null where the library is older than 1.18.
  ExternalFilesFunction external_files() const { return external_files_; }

  /// Throws `code` with ONNX Runtime's text and the given log lines; releases the status.
  [[noreturn]] void Throw(Status* status, const char* code, const char* where,
                          std::vector<LogLine> log) const;
  /// As Throw() for a status that is not null, nothing for one that is.
  void Check(Status* status, const char* code, const char* where) const {
    if (status != nullptr) Throw(status, code, where, {});
  }

 private:
  Runtime(std::string version, const void* const* table);

  std::string version_;
  Api api_;
  Env* env_ = nullptr;
  MemoryInfo* host_memory_ = nullptr;
  Allocator* allocator_ = nullptr;
  ExternalFilesFunction external_files_ = nullptr;
};

/// Collects the lines that ONNX Runtime logs on this thread while it lives; nothing is ever printed.
/// Lines of other threads, or outside a capture, are dropped: each failure carries its own text already.
class ThreadLog {
 public:
  ThreadLog();
  ~ThreadLog();
  ThreadLog(const ThreadLog&) = delete;
  ThreadLog& operator=(const ThreadLog&) = delete;

  std::vector<LogLine> Take() { return std::move(lines_); }

 private:
  friend struct LogSink;
  std::vector<LogLine> lines_;
  ThreadLog* outer_;
};

}  // namespace trtn::ort
