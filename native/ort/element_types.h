// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/tensor.h"

namespace trtn::ort {

/// ONNXTensorElementDataType of an element type, 0 where there is none.
int ToOnnxType(ElementType type);
/// kUnknown for types that have no name here (complex, FNUZ floats, 2-bit integers).
ElementType FromOnnxType(int type);

}  // namespace trtn::ort
