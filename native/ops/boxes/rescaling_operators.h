// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ops/operator.h"

namespace trtn::ops {

/// Inputs: values [N, ..., V] and mappings [N, 6], or [1, 6] for all, float32. Output: as the values. The
/// first `coordinates` of each V are x and y in turn.
std::unique_ptr<Operator> MakeCoordinateRescaling(const Attributes& attributes);

/// Inputs: logits [K, h, w], float32, float16 or bfloat16; boxes [K, 4] in the image and its mapping [1, 6],
/// float32. Output: masks [K, H, W], uint8.
std::unique_ptr<Operator> MakeMaskRescaling(const Attributes& attributes);

}  // namespace trtn::ops
