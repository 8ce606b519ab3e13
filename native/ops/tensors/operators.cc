// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "core/error.h"
#include "ops/operator.h"
#include "ops/tensors/tensor_operators.h"

namespace trtn::ops {

void tensors::Require(bool condition, const char* name) {
  if (condition) return;
  throw Error("ERR_TRT_RUN_FAILED",
              std::string("The operator \"") + name + "\" got tensors that do not fit each other.");
}

std::vector<OperatorEntry> TensorOperators() {
  return {{"convert", MakeConvert},
          {"transpose", MakeTranspose},
          {"pad", MakePad},
          {"concatenate", MakeConcatenate},
          {"split", MakeSplit},
          {"gatherRows", MakeGatherRows},
          {"quantizeLinear", MakeQuantizeLinear},
          {"dequantizeLinear", MakeDequantizeLinear}};
}

}  // namespace trtn::ops
