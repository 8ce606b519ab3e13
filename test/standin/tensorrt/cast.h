// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "layers.h"

namespace standin {

/// Converts elements between float32 and float16; of the same type they are copied. Throws std::runtime_error
/// for other types.
void CheckCast(nv::DataType from, nv::DataType to);
void RunCast(const Operand& x, const Operand& y);

}  // namespace standin
