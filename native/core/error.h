// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/log.h"

namespace trtn {

/// The one exception type below `addon/`. `code` is a key of the table in `lib/errors.ts`; the hint shown to
/// the user is kept there, so that native code states facts only.
class Error : public std::runtime_error {
 public:
  /// `where` names the API call that failed, e.g. "IBuilder::buildSerializedNetwork".
  Error(std::string code, const std::string& message, std::string where = {}, std::vector<LogLine> log = {})
      : std::runtime_error(message), code_(std::move(code)), where_(std::move(where)), log_(std::move(log)) {}

  const std::string& code() const { return code_; }
  const std::string& where() const { return where_; }
  /// Log lines that the failing call produced, oldest first.
  const std::vector<LogLine>& log() const { return log_; }

  /// A fact for programs: a text, a number, or a list of texts.
  using Detail = std::variant<std::string, double, std::vector<std::string>>;
  /// Named facts for `error.details` in JavaScript.
  std::vector<std::pair<std::string, Detail>> details;
  template <class Number>
  void AddNumber(const char* key, Number number) {
    details.push_back({key, static_cast<double>(number)});
  }

 private:
  std::string code_;
  std::string where_;
  std::vector<LogLine> log_;
};

}  // namespace trtn
