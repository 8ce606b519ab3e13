// SPDX-License-Identifier: Apache-2.0
#include "ops/operator.h"

#include <string>

#include "core/error.h"

namespace trtn::ops {

std::unique_ptr<Operator> MakeOperator(const std::string& name, const Attributes& attributes) {
  for (const auto family : {ImageOperators, TensorOperators, ScoreOperators, BoxOperators, SignalOperators}) {
    for (const OperatorEntry& entry : family()) {
      if (name == entry.name) return entry.make(attributes);
    }
  }
  throw Error("ERR_TRT_RUN_FAILED", "There is no operator \"" + name + "\".");
}

}  // namespace trtn::ops
