// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/error.h"

namespace trtn::trt {

/// One IParserError, copied out of the library. The numbers of nvonnxparser::ErrorCode are equal in all
/// families.
struct ParserIssue {
  int code = 0;
  std::string description;
  /// Index of the node in the graph, -1 where the error is not about one.
  int node = -1;
  std::string node_name;
  std::string op_type;
};

/// True if the issue says that an operator (or its attributes, types, plugin) is not supported.
bool IsUnsupportedOperator(const ParserIssue& issue);

/// Without the lines that a missing CUDA driver adds to each message of TensorRT's.
std::string WithoutDriverNoise(const std::string& text);

/// "Det (node 2 'det_1')", as far as the issue tells.
std::string NodeText(const ParserIssue& issue);

/// The error for a refused model: the code by the kind of issue, a message with every issue, `details` with
/// parserErrors, unsupportedNodes and unsupportedOperators. Equal issues are told once.
Error ParserFailure(const std::vector<ParserIssue>& issues, std::vector<LogLine> log);

}  // namespace trtn::trt
