// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/tensor.h"
#include "trt/family/nvinfer.h"

namespace trtn::trt::TRTN_FAMILY {

ElementType ElementTypeOf(nv::DataType type);

/// -1 stays -1. Empty for invalid dims (a negative count).
std::vector<int64_t> ToVector(const nv::Dims& dims);

/// False if there are more than TensorRT's limit of 8.
bool ToDims(const std::vector<int64_t>& values, nv::Dims& dims);

/// A network tensor in the project's own terms.
TensorInfo Describe(const nv::ITensor& tensor);

}  // namespace trtn::trt::TRTN_FAMILY
