// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
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

  /// Named facts for `error.details` in JavaScript; each entry is one key with one or more string values.
  std::vector<std::pair<std::string, std::vector<std::string>>> details;

 private:
  std::string code_;
  std::string where_;
  std::vector<LogLine> log_;
};

}  // namespace trtn
