// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "trt/family/plan_state.h"

namespace trtn::trt::TRTN_FAMILY {

/// Inputs and outputs of an engine, in its own order. Throws ERR_TRT_RUN_FAILED.
std::vector<PlanTensor> DescribeTensors(RuntimeState& runtime, const nv::ICudaEngine& engine);

/// Min, opt and max of every input in every profile: [profile][input]. Throws ERR_TRT_RUN_FAILED.
std::vector<std::vector<EngineControl::Range>> DescribeProfiles(RuntimeState& runtime,
                                                                const nv::ICudaEngine& engine,
                                                                const std::vector<PlanTensor>& tensors);

}  // namespace trtn::trt::TRTN_FAMILY
