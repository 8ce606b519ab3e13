// SPDX-License-Identifier: Apache-2.0
#include "trt/parser_issue.h"

#include <algorithm>
#include <utility>

#include "core/log_capture.h"
#include "core/utf8.h"

namespace trtn::trt {
namespace {

// nvonnxparser::ErrorCode
constexpr int kInvalidValue = 4;
constexpr int kUnsupportedGraph = 7;
constexpr int kFirstUnsupportedNode = 8;
constexpr int kLastUnsupportedNode = 13;
constexpr int kUnsupportedDataType = 11;

constexpr size_t kMaxIssuesInMessage = 20;

bool Contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

void AddUnique(std::vector<std::string>& list, std::string text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

bool IsUnsupportedType(const ParserIssue& issue) {
  return issue.code == kUnsupportedDataType ||
         Contains(issue.description, "Failed to convert ONNX date type") ||
         Contains(issue.description, "Unsupported ONNX data type");
}

const char* CodeOf(const std::vector<ParserIssue>& issues) {
  const auto any = [&](auto&& test) { return std::any_of(issues.begin(), issues.end(), test); };
  if (any([](const ParserIssue& i) {
        return i.code == kInvalidValue && Contains(i.description, "Input file cannot be found");
      })) {
    return "ERR_TRT_ONNX_FILE_NOT_FOUND";
  }
  if (any([](const ParserIssue& i) { return IsUnsupportedOperator(i) && !IsUnsupportedType(i); })) {
    return "ERR_TRT_ONNX_UNSUPPORTED_OPERATOR";
  }
  if (any(IsUnsupportedType)) return "ERR_TRT_ONNX_UNSUPPORTED_TYPE";
  return "ERR_TRT_BUILD_PARSE";
}

std::string IssueText(const ParserIssue& issue) {
  std::string reason = WithoutDriverNoise(issue.description);
  // For operators that it knows and refuses the parser says just that.
  if (reason == "false" || reason.empty()) reason = "the operator is not supported";
  const std::string node = NodeText(issue);
  return node.empty() ? reason : node + ": " + reason;
}

std::string Join(const std::vector<std::string>& lines) {
  if (lines.size() == 1) return " " + lines.front();
  std::string text;
  for (size_t i = 0; i < lines.size() && i < kMaxIssuesInMessage; i++) text += "\n  " + lines[i];
  if (lines.size() > kMaxIssuesInMessage) {
    text += "\n  and " + std::to_string(lines.size() - kMaxIssuesInMessage) +
            " more (all in details.parserErrors)";
  }
  return text;
}

}  // namespace

bool IsUnsupportedOperator(const ParserIssue& issue) {
  if (issue.code >= kUnsupportedGraph && issue.code <= kLastUnsupportedNode) return true;
  return Contains(issue.description, "Plugin not found");
}

std::string WithoutDriverNoise(const std::string& text) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (!Contains(line, "::catchCudaError::")) result += (result.empty() ? "" : "\n") + line;
    at = end + 1;
  }
  return result;
}

std::string NodeText(const ParserIssue& issue) {
  if (issue.node < 0 && issue.node_name.empty() && issue.op_type.empty()) return "";
  std::string text = issue.op_type.empty() ? "node" : issue.op_type;
  if (issue.node < 0 && issue.node_name.empty()) return text;
  text += " (";
  if (issue.node >= 0) text += "node " + std::to_string(issue.node);
  if (!issue.node_name.empty()) text += std::string(issue.node >= 0 ? " " : "") + "'" + issue.node_name + "'";
  return text + ")";
}

Error ParserFailure(const std::vector<ParserIssue>& issues, std::vector<LogLine> log) {
  std::vector<std::string> texts, nodes, operators;
  for (const ParserIssue& issue : issues) {
    AddUnique(texts, ValidUtf8(IssueText(issue)));
    if (!IsUnsupportedOperator(issue)) continue;
    AddUnique(nodes, ValidUtf8(NodeText(issue)));
    if (!issue.op_type.empty()) AddUnique(operators, ValidUtf8(issue.op_type));
  }
  if (texts.empty()) texts.push_back("TensorRT's parser gave no reason.");
  Error error(CodeOf(issues), "TensorRT cannot read the model:" + Join(texts), "IParser::parse",
              std::move(log));
  error.details.push_back({"parserErrors", std::move(texts)});
  if (!nodes.empty()) error.details.push_back({"unsupportedNodes", std::move(nodes)});
  if (!operators.empty()) error.details.push_back({"unsupportedOperators", std::move(operators)});
  return error;
}

}  // namespace trtn::trt
