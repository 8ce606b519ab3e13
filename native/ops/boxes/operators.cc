// SPDX-License-Identifier: Apache-2.0
#include "ops/boxes/decoding_operator.h"
#include "ops/boxes/rescaling_operators.h"
#include "ops/boxes/suppression_operator.h"
#include "ops/operator.h"

namespace trtn::ops {

std::vector<OperatorEntry> BoxOperators() {
  return {{"decodeBoxes", MakeBoxDecoding},
          {"nonMaximumSuppression", MakeNonMaximumSuppression},
          {"rescaleCoordinates", MakeCoordinateRescaling},
          {"rescaleMasks", MakeMaskRescaling}};
}

}  // namespace trtn::ops
