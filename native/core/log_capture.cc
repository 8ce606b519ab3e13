// SPDX-License-Identifier: Apache-2.0
#include "core/log_capture.h"

#include <algorithm>

#include "core/utf8.h"

namespace trtn {
namespace {

// Bounds what a library that logs in a loop can make us keep.
constexpr size_t kMaxLines = 2000;
constexpr size_t kMaxMessageBytes = 16 * 1024;

thread_local LogCapture* current_capture = nullptr;

/// The captures that are open, for lines of foreign threads. Never destroyed: TensorRT's threads may log at
/// exit.
struct OpenCaptures {
  std::mutex mutex;
  std::vector<LogCapture*> captures;
};

OpenCaptures& Open() {
  static auto& open = *new OpenCaptures;
  return open;
}

}  // namespace

const char* SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kInternalError:
      return "internal-error";
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kInfo:
      return "info";
    case Severity::kVerbose:
      break;
  }
  return "verbose";
}

LogCapture::LogCapture(Severity threshold, std::function<void(const LogLine&)> on_line)
    : threshold_(threshold), on_line_(std::move(on_line)), outer_(current_capture) {
  current_capture = this;
  std::lock_guard<std::mutex> lock(Open().mutex);
  Open().captures.push_back(this);
}

LogCapture::~LogCapture() {
  current_capture = outer_;
  std::lock_guard<std::mutex> lock(Open().mutex);
  auto& captures = Open().captures;
  captures.erase(std::find(captures.begin(), captures.end(), this));
}

void LogCapture::Add(Severity severity, std::string_view message) {
  if (severity > threshold_) return;
  LogLine line{severity, ValidUtf8(message.substr(0, kMaxMessageBytes)), 1};
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const std::string key = std::to_string(static_cast<int>(severity)) + line.message;
    const auto found = index_.find(key);
    if (found != index_.end()) {
      lines_[found->second].count++;
      return;
    }
    if (lines_.size() >= kMaxLines) return;
    index_.emplace(key, lines_.size());
    lines_.push_back(line);
  }
  if (on_line_) on_line_(line);
}

std::vector<LogLine> LogCapture::Lines() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return lines_;
}

void RouteLog(Severity severity, const char* message) noexcept {
  if (message == nullptr) return;
  try {
    if (current_capture != nullptr) {
      current_capture->Add(severity, message);
      return;
    }
    std::lock_guard<std::mutex> lock(Open().mutex);
    for (LogCapture* capture : Open().captures) capture->Add(severity, message);
  } catch (...) {
    // Out of memory while logging: the line is lost, the caller (a noexcept callback) is not.
  }
}

}  // namespace trtn
