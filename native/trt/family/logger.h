// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trt/family/nvinfer.h"

namespace trtn::trt::TRTN_FAMILY {

/// The family's one logger, alive until the process ends: TensorRT keeps the first logger that it is given.
/// Lines go to core/log_capture.h.
nv::ILogger& Logger();

}  // namespace trtn::trt::TRTN_FAMILY
