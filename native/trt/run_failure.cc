// SPDX-License-Identifier: Apache-2.0
#include "trt/run_failure.h"

#include <cctype>
#include <initializer_list>

#include "trt/parser_issue.h"

namespace trtn::trt {
namespace {

bool IsError(const LogLine& line) { return line.severity <= Severity::kError; }

/// The first error line that has one of the words, null if none has.
const LogLine* LineWith(const std::vector<LogLine>& log, std::initializer_list<const char*> words) {
  for (const LogLine& line : log) {
    if (!IsError(line)) continue;
    for (const char* word : words) {
      if (line.message.find(word) != std::string::npos) return &line;
    }
  }
  return nullptr;
}

const LogLine* MemoryLine(const std::vector<LogLine>& log) {
  return LineWith(log, {"OutOfMemory", "out of memory", "bad_alloc", "could not be allocated",
                        "cudaErrorMemoryAllocation"});
}

const LogLine* PluginLine(const std::vector<LogLine>& log) {
  return LineWith(log, {"Cannot find plugin", "could not find plugin", "Plugin not found",
                        "IPluginCreator not found", "creator not found"});
}

/// The word after `key`, without the punctuation around it; empty if the key is not there.
std::string WordAfter(const std::string& text, const std::string& key, size_t from) {
  const size_t found = text.find(key, from);
  if (found == std::string::npos) return {};
  size_t start = found + key.size();
  while (start < text.size() && (text[start] == ':' || text[start] == ' ' || text[start] == '\'')) start++;
  // An empty namespace is followed by the rest of the sentence at once.
  size_t end = start;
  const auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == ':' || c == '/';
  };
  while (end < text.size() &&
         (is_part(text[end]) || (text[end] == '.' && end + 1 < text.size() && is_part(text[end + 1])))) {
    end++;
  }
  return text.substr(start, end - start);
}

std::string NamespaceAfter(const std::string& text, size_t from) {
  const size_t found = text.find("namespace:", from);
  if (found == std::string::npos) return {};
  // "namespace:.)" and "namespace: In getCreator" are the empty one.
  const std::string word = WordAfter(text, "namespace:", from);
  return word == "In" || word == "Error" ? "" : word;
}

/// The log's first line that gives a reason.
std::string FirstReason(const std::vector<LogLine>& log) {
  for (const LogLine& line : log) {
    if (!IsError(line)) continue;
    std::string text = WithoutDriverNoise(line.message);
    if (!text.empty()) return text;
  }
  for (const LogLine& line : log) {
    if (IsError(line) && !line.message.empty()) return line.message;
  }
  return "it gave no reason.";
}

Error OutOfMemory(const std::string& what, int64_t needed_bytes, const char* where,
                  std::vector<LogLine> log) {
  const std::string reason = MemoryLine(log)->message;
  std::string message = "Not enough memory on the device " + what;
  if (needed_bytes > 0) message += ", which needs " + std::to_string(needed_bytes) + " bytes";
  Error error("ERR_TRT_CUDA_OUT_OF_MEMORY", message + ": " + reason, where, std::move(log));
  error.details.push_back({"what", {what}});
  if (needed_bytes > 0) error.AddNumber("needed", needed_bytes);
  return error;
}

Error PluginFailure(const std::string& product, const char* where, std::vector<LogLine> log) {
  MissingPlugin plugin;
  FindMissingPlugin(log, plugin);
  std::string message = product + " cannot load the plan: ";
  if (plugin.name.empty()) {
    message += "a plugin that it uses is not registered: " + PluginLine(log)->message;
  } else {
    message += "the plugin " + plugin.name;
    if (!plugin.version.empty()) message += ", version " + plugin.version;
    if (!plugin.name_space.empty()) message += ", namespace " + plugin.name_space;
    message += ", that it uses is not registered.";
  }
  Error error("ERR_TRT_LOAD_PLUGIN", message, where, std::move(log));
  if (!plugin.name.empty()) {
    error.details.push_back({"plugin", {plugin.name}});
    error.details.push_back({"version", {plugin.version}});
    error.details.push_back({"namespace", {plugin.name_space}});
  }
  return error;
}

}  // namespace

bool FindMissingPlugin(const std::vector<LogLine>& log, MissingPlugin& plugin) {
  const LogLine* first = PluginLine(log);
  if (first == nullptr) return false;
  for (const LogLine& line : log) {
    const size_t at = line.message.find("find plugin:");
    if (!IsError(line) || at == std::string::npos) continue;
    plugin.name = WordAfter(line.message, "find plugin:", at);
    plugin.version = WordAfter(line.message, "version:", at);
    plugin.name_space = NamespaceAfter(line.message, at);
    break;
  }
  return true;
}

Error DeserializeFailure(const std::string& product, const char* where, std::vector<LogLine> log) {
  // The order matters: a missing plugin is followed by general lines about a damaged plan.
  if (PluginLine(log) != nullptr) return PluginFailure(product, where, std::move(log));
  if (MemoryLine(log) != nullptr) return OutOfMemory("for the plan", 0, where, std::move(log));
  const auto make = [&](const char* code, const std::string& problem, const LogLine& line) {
    const std::string message = product + " cannot load the plan: " + problem + ": " + line.message;
    return Error(code, message, where, log);
  };
  if (const LogLine* line = LineWith(log, {"ersion tag does not match", "expecting library version",
                                           "not compatible with this version of TensorRT"})) {
    return make("ERR_TRT_LOAD_PLAN_VERSION", "it was built by another version of TensorRT", *line);
  }
  if (const LogLine* line = LineWith(
          log, {"incompatible device", "expecting compute", "kUNSUPPORTED_CC", "compute capability"})) {
    return make("ERR_TRT_LOAD_PLAN_DEVICE", "it was built for another kind of GPU", *line);
  }
  const std::string message = product + " refuses the plan: " + FirstReason(log);
  return Error("ERR_TRT_LOAD_DESERIALIZE", message, where, std::move(log));
}

Error ContextFailure(int64_t needed_bytes, const char* where, std::vector<LogLine> log) {
  if (MemoryLine(log) != nullptr) {
    return OutOfMemory("for an execution context", needed_bytes, where, std::move(log));
  }
  return RunFailure("cannot create an execution context", where, std::move(log));
}

Error RunFailure(const std::string& what, const char* where, std::vector<LogLine> log) {
  if (MemoryLine(log) != nullptr) return OutOfMemory("(TensorRT " + what + ")", 0, where, std::move(log));
  const std::string message = "TensorRT " + what + ": " + FirstReason(log);
  return Error("ERR_TRT_RUN_FAILED", message, where, std::move(log));
}

Error ShapeFailure(const std::string& what, const char* where, std::vector<LogLine> log) {
  if (LineWith(log, {"rofile"}) == nullptr) return RunFailure(what, where, std::move(log));
  const std::string message = "TensorRT " + what + ": " + FirstReason(log);
  return Error("ERR_TRT_RUN_PROFILE", message, where, std::move(log));
}

Error RefitFailure(const std::string& message, const char* where, std::vector<std::string> missing,
                   std::vector<LogLine> log) {
  Error error("ERR_TRT_RUN_REFIT", message, where, std::move(log));
  if (!missing.empty()) error.details.push_back({"missing", std::move(missing)});
  return error;
}

Error Unsupported(const char* method, const std::string& product, const std::string& has_it) {
  Error error("ERR_TRT_RUN_UNSUPPORTED",
              product + " has no " + method + "; " + has_it + " and newer have it.", method);
  error.details.push_back({"method", {method}});
  error.details.push_back({"product", {product}});
  error.details.push_back({"since", {has_it}});
  return error;
}

}  // namespace trtn::trt
