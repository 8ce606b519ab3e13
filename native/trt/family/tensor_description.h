// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/tensor.h"
#include "trt/family/nvinfer.h"

namespace trtn::trt::TRTN_FAMILY {

/// A network tensor in the project's own terms.
TensorInfo Describe(const nv::ITensor& tensor);

}  // namespace trtn::trt::TRTN_FAMILY
