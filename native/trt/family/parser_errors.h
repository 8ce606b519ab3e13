// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "trt/family/nvinfer.h"
#include "trt/parser_issue.h"

namespace trtn::trt::TRTN_FAMILY {

/// Copies the errors out of an IParser or an IParserRefitter.
template <class Parser>
void CollectIssues(const Parser& parser, std::vector<ParserIssue>& issues) {
  const auto text = [](const char* value) { return std::string(value != nullptr ? value : ""); };
  for (int i = 0; i < parser.getNbErrors(); i++) {
    const nvonnxparser::IParserError* error = parser.getError(i);
    if (!IsObject(error)) continue;
    ParserIssue issue;
    issue.code = static_cast<int>(error->code());
    issue.description = text(error->desc());
    issue.node = error->node();
    issue.node_name = text(error->nodeName());
    issue.op_type = text(error->nodeOperator());
    issues.push_back(std::move(issue));
  }
}

}  // namespace trtn::trt::TRTN_FAMILY
