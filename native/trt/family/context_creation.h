// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trt/family/plan_state.h"

namespace trtn::trt::TRTN_FAMILY {

/// A context and, for TensorRT-RTX, the configuration that it was made from (null elsewhere). The
/// configuration is declared first, so that it outlives the context.
struct CreatedContext {
#if TRTN_IS_RTX
  Owned<nv::IRuntimeConfig> config;
#endif
  Owned<nv::IExecutionContext> context;
};

/// Throws ERR_TRT_CUDA_OUT_OF_MEMORY, ERR_TRT_RUN_FAILED, or ERR_TRT_RUN_UNSUPPORTED for an option that only
/// TensorRT-RTX has.
CreatedContext CreateExecutionContext(EngineState& engine, const ContextOptions& options);

}  // namespace trtn::trt::TRTN_FAMILY
