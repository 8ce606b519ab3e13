// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace trtn::ops {

/// The settings of an operator, by name. TypeScript has checked them and filled in the defaults: a missing or
/// mistyped one is a mistake of ours, and throws ERR_TRT_RUN_FAILED.
class Attributes {
 public:
  using Value = std::variant<double, bool, std::string, std::vector<double>>;

  Attributes() = default;
  explicit Attributes(std::map<std::string, Value> values) : values_(std::move(values)) {}

  bool Has(const std::string& name) const { return values_.count(name) != 0; }
  double Number(const std::string& name) const;
  int64_t Integer(const std::string& name) const;
  bool Flag(const std::string& name) const;
  const std::string& Text(const std::string& name) const;
  const std::vector<double>& Numbers(const std::string& name) const;

 private:
  template <class Wanted>
  const Wanted& Get(const std::string& name, const char* kind) const;
  std::map<std::string, Value> values_;
};

}  // namespace trtn::ops
