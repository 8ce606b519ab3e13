// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"

namespace trtn::test {

/// A detail of any kind as texts; whole numbers without a fraction.
inline std::vector<std::string> Texts(const Error::Detail& detail) {
  if (const auto* text = std::get_if<std::string>(&detail)) return {*text};
  if (const auto* number = std::get_if<double>(&detail))
    return {std::to_string(static_cast<int64_t>(*number))};
  return std::get<std::vector<std::string>>(detail);
}

/// The values of one entry of `error.details`; empty if there is none of that name.
inline std::vector<std::string> Detail(const Error& error, const std::string& key) {
  for (const auto& [name, detail] : error.details) {
    if (name == key) return Texts(detail);
  }
  return {};
}

}  // namespace trtn::test
