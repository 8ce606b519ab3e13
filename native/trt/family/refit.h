// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cuda/driver_api.h"
#include "trt/family/plan_state.h"

namespace trtn::trt::TRTN_FAMILY {

/// See PlanEngine::Refit().
void RefitEngine(EngineState& engine, const RefitRequest& request, cuda::StreamHandle stream);

}  // namespace trtn::trt::TRTN_FAMILY
