// SPDX-License-Identifier: Apache-2.0
#include "ops/attributes.h"

#include "core/error.h"

namespace trtn::ops {

template <class Wanted>
const Wanted& Attributes::Get(const std::string& name, const char* kind) const {
  const auto found = values_.find(name);
  const Wanted* value = found == values_.end() ? nullptr : std::get_if<Wanted>(&found->second);
  if (value == nullptr) {
    throw Error("ERR_TRT_RUN_FAILED", "An operator has no attribute \"" + name + "\" of type " + kind + ".");
  }
  return *value;
}

double Attributes::Number(const std::string& name) const { return Get<double>(name, "number"); }

int64_t Attributes::Integer(const std::string& name) const { return static_cast<int64_t>(Number(name)); }

bool Attributes::Flag(const std::string& name) const { return Get<bool>(name, "boolean"); }

const std::string& Attributes::Text(const std::string& name) const { return Get<std::string>(name, "text"); }

const std::vector<double>& Attributes::Numbers(const std::string& name) const {
  return Get<std::vector<double>>(name, "list of numbers");
}

}  // namespace trtn::ops
