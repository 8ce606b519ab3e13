// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/error.h"

namespace trtn::trt {

/// The error for a TensorRT call of a build that failed: code and message come from what the call logged,
/// since a null or false is all that it returns. Lines that only say that there is no driver are never taken
/// as the reason.
Error BuildFailure(const char* where, std::vector<LogLine> log);

/// ERR_TRT_BUILD_OPTION_UNSUPPORTED with `option` and `product` in the message and in details.
Error OptionUnsupported(const std::string& option, const std::string& product, const std::string& reason);

}  // namespace trtn::trt
