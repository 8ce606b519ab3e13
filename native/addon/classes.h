// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace trtn {

/// The classes of one environment; deleted by its clean-up hook.
struct Classes {
  Napi::FunctionReference session, binding, device_tensor, gpu_monitor, operators, chain;
};

}  // namespace trtn
