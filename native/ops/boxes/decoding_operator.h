// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "ops/boxes/decoding.h"
#include "ops/operator.h"

namespace trtn::ops {

/// The CPU twin: boxes and scores of all images.
void DecodeOnCpu(const DecodeArguments& arguments, ElementType type, int64_t images, Workers& workers);

/// Inputs: head [N, A, K] or [N, K, A], float32, float16 or bfloat16; for deltas also anchors [A, 4],
/// float32. Outputs: boxes [N, A, 4] and scores [N, A, C], or boxes, scores [N, A] and classes [N, A].
std::unique_ptr<Operator> MakeBoxDecoding(const Attributes& attributes);

}  // namespace trtn::ops
