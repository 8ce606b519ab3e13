// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "trt/family/plan_state.h"

namespace trtn::trt::TRTN_FAMILY {

// TensorRT-RTX keeps the kernels that it compiles for a GPU in a cache, which may be saved for later
// processes. The other families have none: ERR_TRT_RUN_UNSUPPORTED.

/// Fills the engine's cache. One that the library refuses (of another version or GPU, or damaged) is left:
/// the cache then starts empty, since a cache must never be what stops a program. Any thread.
void LoadRuntimeCache(EngineState& engine, const std::vector<uint8_t>& bytes);
/// Any thread.
std::vector<uint8_t> SerializeRuntimeCache(EngineState& engine);

#if TRTN_IS_RTX
/// Makes contexts of this configuration use the engine's cache.
void AttachRuntimeCache(EngineState& engine, nv::IRuntimeConfig& config);
#endif

}  // namespace trtn::trt::TRTN_FAMILY
