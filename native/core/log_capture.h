// SPDX-License-Identifier: Apache-2.0
//
// TensorRT keeps the first logger it is given for the whole process, while users want the lines of their own
// build. So there is one logger per family that never dies; it hands each line to the capture of the call on
// whose thread it came. Lines from threads that TensorRT started itself go to every capture that is open.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/log.h"

namespace trtn {

/// "internal-error", "error", "warning", "info" or "verbose".
const char* SeverityName(Severity severity);

/// Collects the log lines of one call, each distinct line once, with a count.
///
/// Open from construction to destruction on the thread that makes it; captures nest, the innermost gets the
/// lines. Add() and Lines() may be called from any thread.
class LogCapture {
 public:
  /// Lines less severe than `threshold` are dropped unseen. `on_line` hears each distinct line when it first
  /// comes, on the thread that logs.
  explicit LogCapture(Severity threshold, std::function<void(const LogLine&)> on_line = {});
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  void Add(Severity severity, std::string_view message);
  /// The lines so far, oldest first.
  std::vector<LogLine> Lines() const;

 private:
  const Severity threshold_;
  const std::function<void(const LogLine&)> on_line_;
  LogCapture* const outer_;
  mutable std::mutex mutex_;
  std::vector<LogLine> lines_;
  std::unordered_map<std::string, size_t> index_;
};

/// Entry point of the native loggers: gives a line to the captures that it belongs to. Any thread. Never
/// throws.
void RouteLog(Severity severity, const char* message) noexcept;

}  // namespace trtn
