// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "trt/family/plan_state.h"

namespace trtn::trt::TRTN_FAMILY {

/// IEngineInspector's JSON. What it holds depends on the profiling verbosity of the build. Throws
/// ERR_TRT_RUN_FAILED.
std::string InspectEngine(EngineState& engine);

/// See EngineControl::Statistics().
std::vector<std::pair<std::string, double>> DescribeStatistics(EngineState& engine);

/// TensorRT answers whether a name is a debug tensor, but lists none. Asked are the names of inputs and
/// outputs and those in the inspector's JSON, which has them only for plans that were built with detailed
/// verbosity.
std::vector<std::string> ListDebugTensors(EngineState& engine);

}  // namespace trtn::trt::TRTN_FAMILY
