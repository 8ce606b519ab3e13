// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trt/family/plan_state.h"

namespace trtn::trt::TRTN_FAMILY {

/// Loads the plugin libraries of `state.library` into the runtime's registry, which owns them. A library that
/// registers its creators itself when it is opened (REGISTER_TENSORRT_PLUGIN) is opened and kept.
///
/// Throws ERR_TRT_LOAD_PLUGIN with details {path}.
void LoadPlugins(RuntimeState& state);

}  // namespace trtn::trt::TRTN_FAMILY
