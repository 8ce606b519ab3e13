// SPDX-License-Identifier: Apache-2.0
#include "ops/operator.h"

namespace trtn::ops {

std::unique_ptr<Operator> MakePreprocessImages(const Attributes& attributes);

std::vector<OperatorEntry> ImageOperators() { return {{"preprocessImages", MakePreprocessImages}}; }

}  // namespace trtn::ops
