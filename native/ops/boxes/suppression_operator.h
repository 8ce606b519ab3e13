// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "ops/boxes/suppression.h"
#include "ops/operator.h"

namespace trtn::ops {

/// The largest float32 that is not above `threshold`: a float32 exceeds the one exactly where it exceeds the
/// other.
float FloatNotAbove(double threshold);

/// The CPU twin: the results of all images, into the addresses of `arguments`. Needs none of its scratch.
void SuppressOnCpu(const NmsArguments& arguments, int64_t images, Workers& workers);

/// Inputs: boxes [N, A, 4] and scores [N, A] or [N, A, C], float32; with `classes` 'given' also classes [N,
/// A], int32. Outputs: boxes [N, M, 4], scores [N, M], classes [N, M], indices [N, M], counts [N].
std::unique_ptr<Operator> MakeNonMaximumSuppression(const Attributes& attributes);

}  // namespace trtn::ops
