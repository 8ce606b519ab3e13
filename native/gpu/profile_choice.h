// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/engine_control.h"

namespace trtn::gpu {

/// What a profile is chosen by: an input's dimensions, and the values of a shape tensor.
struct ProfileInput {
  std::string name;
  std::vector<int64_t> dims;
  std::vector<int64_t> values;
};

/// The profile for these inputs: of those that fit all of them the one whose optimum is nearest (the sum over
/// all dimensions of |log(dim / opt)|), the lowest index among equals; only `fixed` comes into question where
/// it is set. Inputs are in the order of the ranges. Throws ERR_TRT_RUN_PROFILE that names what does not fit
/// and the profile that misses by the fewest dimensions.
int ChooseProfile(const std::vector<std::vector<EngineControl::Range>>& profiles,
                  const std::vector<ProfileInput>& inputs, std::optional<int> fixed);

}  // namespace trtn::gpu
