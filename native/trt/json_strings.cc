// SPDX-License-Identifier: Apache-2.0
#include "trt/json_strings.h"

#include <cstdlib>
#include <unordered_set>
#include <utility>

namespace trtn::trt {
namespace {

/// Reads the string that starts after a quote at `at` and moves past its end. Of \u only ASCII is decoded:
/// names of tensors are UTF-8 as they are.
std::string ReadString(const std::string& json, size_t& at) {
  std::string text;
  for (; at < json.size() && json[at] != '"'; at++) {
    if (json[at] != '\\' || at + 1 >= json.size()) {
      text += json[at];
      continue;
    }
    const char escaped = json[++at];
    if (escaped == 'n') {
      text += '\n';
    } else if (escaped == 't') {
      text += '\t';
    } else if (escaped == 'u' && at + 4 < json.size()) {
      text += static_cast<char>(std::strtol(json.substr(at + 1, 4).c_str(), nullptr, 16));
      at += 4;
    } else {
      text += escaped;
    }
  }
  at++;
  return text;
}

}  // namespace

std::vector<std::string> JsonStrings(const std::string& json) {
  std::vector<std::string> strings;
  std::unordered_set<std::string> seen;
  size_t at = 0;
  while (at < json.size()) {
    if (json[at++] != '"') continue;
    std::string text = ReadString(json, at);
    if (seen.insert(text).second) strings.push_back(std::move(text));
  }
  return strings;
}

}  // namespace trtn::trt
