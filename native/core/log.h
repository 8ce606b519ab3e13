// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace trtn {

/// TensorRT's severities, most severe first (nvinfer1::ILogger::Severity has the same order).
enum class Severity : int { kInternalError = 0, kError = 1, kWarning = 2, kInfo = 3, kVerbose = 4 };

/// One deduplicated line of a native library's log.
struct LogLine {
  Severity severity = Severity::kInfo;
  /// Always valid UTF-8: bytes that are not are replaced (TensorRT echoes file contents).
  std::string message;
  /// How often the same line came.
  uint64_t count = 1;
};

}  // namespace trtn
