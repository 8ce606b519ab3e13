// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "trt/family/plan_state.h"

namespace trtn::trt::TRTN_FAMILY {

/// See PlanEngine::CreateContext().
std::unique_ptr<PlanContext> CreatePlanContext(std::shared_ptr<EngineState> engine,
                                               const ContextOptions& options);

}  // namespace trtn::trt::TRTN_FAMILY
