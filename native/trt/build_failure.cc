// SPDX-License-Identifier: Apache-2.0
#include "trt/build_failure.h"

#include "trt/parser_issue.h"

namespace trtn::trt {
namespace {

struct Reason {
  const char* words;
  const char* code;
};

// First match wins, over all error lines: the words are those of TensorRT 10.6 to 11.4 and RTX 1.5 to 1.7.
constexpr Reason kReasons[] = {
    {"BuildCanceled", "ERR_TRT_BUILD_CANCELLED"},
    {"CUDA initialization failure with error: 35", "ERR_TRT_CUDA_DRIVER_TOO_OLD"},
    {"CUDA initialization failure with error: 100", "ERR_TRT_CUDA_NO_DEVICE"},
    {"CUDA initialization failure with error: 803", "ERR_TRT_CUDA_DRIVER_MISMATCH"},
    {"CUDA initialization failure with error", "ERR_TRT_CUDA_INIT"},
    {"within workspace limit", "ERR_TRT_BUILD_WORKSPACE"},
    {"requires workspace memory greater than", "ERR_TRT_BUILD_WORKSPACE"},
    {"no optimization profile has been defined", "ERR_TRT_ARG_PROFILE_MISSING"},
    {"is missing dimensions in profile", "ERR_TRT_ARG_PROFILE_MISSING"},
    {"missing values for shape input", "ERR_TRT_ARG_PROFILE_VALUES"},
    {"Dimension mismatch for tensor", "ERR_TRT_ARG_PROFILE_DIMENSION"},
    {"dimensions but profile", "ERR_TRT_ARG_PROFILE_RANK"},
    {"satisfy MIN<=OPT<=MAX", "ERR_TRT_ARG_PROFILE_RANGE"},
    {"OutOfMemory", "ERR_TRT_BUILD_OUT_OF_MEMORY"},
    {"out of memory", "ERR_TRT_BUILD_OUT_OF_MEMORY"},
    {"bad_alloc", "ERR_TRT_BUILD_OUT_OF_MEMORY"},
};

bool IsError(const LogLine& line) { return line.severity <= Severity::kError; }

const char* CodeOf(const std::vector<LogLine>& log) {
  for (const Reason& reason : kReasons) {
    for (const LogLine& line : log) {
      if (IsError(line) && line.message.find(reason.words) != std::string::npos) return reason.code;
    }
  }
  return "ERR_TRT_BUILD_FAILED";
}

std::string FirstReason(const std::vector<LogLine>& log) {
  for (const LogLine& line : log) {
    if (!IsError(line)) continue;
    const std::string text = WithoutDriverNoise(line.message);
    if (!text.empty()) return text;
  }
  return "it gave no reason.";
}

}  // namespace

Error BuildFailure(const char* where, std::vector<LogLine> log) {
  const char* code = CodeOf(log);
  const std::string message = "TensorRT cannot build the engine: " + FirstReason(log);
  return Error(code, message, where, std::move(log));
}

Error OptionUnsupported(const std::string& option, const std::string& product, const std::string& reason) {
  Error error("ERR_TRT_BUILD_OPTION_UNSUPPORTED",
              product + " does not support the option " + option + ": " + reason + ".");
  error.details.push_back({"option", {option}});
  error.details.push_back({"product", {product}});
  return error;
}

}  // namespace trtn::trt
