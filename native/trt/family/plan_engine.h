// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "trt/family/plan_state.h"

namespace trtn::trt::TRTN_FAMILY {

/// Describes the engine's tensors and profiles and wraps it. Throws ERR_TRT_RUN_FAILED.
std::shared_ptr<PlanEngine> CreatePlanEngine(std::shared_ptr<RuntimeState> runtime,
                                             Owned<nv::ICudaEngine> engine);

}  // namespace trtn::trt::TRTN_FAMILY
