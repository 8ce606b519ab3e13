// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ops/operator.h"

namespace trtn::ops {

/// "convert": inputs { x }, outputs { of the same count }; attributes scaled, scale, zeroPoint.
std::unique_ptr<Operator> MakeConvert(const Attributes& attributes);
/// "transpose": inputs { x }, outputs { of the permuted dims }; attribute permutation.
std::unique_ptr<Operator> MakeTranspose(const Attributes& attributes);
/// "pad": inputs { x }, outputs { of the padded dims }; attributes begins, mode, value (rounded to the type).
std::unique_ptr<Operator> MakePad(const Attributes& attributes);
/// "concatenate": one output; attribute axis.
std::unique_ptr<Operator> MakeConcatenate(const Attributes& attributes);
/// "split": one input; attribute axis.
std::unique_ptr<Operator> MakeSplit(const Attributes& attributes);
/// "gatherRows": inputs { x, indices (int32 or int64) }, one output. No attributes.
std::unique_ptr<Operator> MakeGatherRows(const Attributes& attributes);
/// "quantizeLinear", "dequantizeLinear": inputs { x }, one output; attributes axis (-1: per tensor), scales,
/// zeroPoints.
std::unique_ptr<Operator> MakeQuantizeLinear(const Attributes& attributes);
std::unique_ptr<Operator> MakeDequantizeLinear(const Attributes& attributes);

namespace tensors {

/// Throws ERR_TRT_RUN_FAILED with the operator's name where a check of TypeScript has let through what would
/// read or write beyond memory.
void Require(bool condition, const char* name);

/// Elements that a worker should have at least: below, threads cost more than they save.
constexpr int64_t kGrain = 1 << 15;

}  // namespace tensors
}  // namespace trtn::ops
