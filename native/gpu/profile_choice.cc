// SPDX-License-Identifier: Apache-2.0
#include "gpu/profile_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace trtn::gpu {

namespace {

using Range = EngineControl::Range;

const std::vector<int64_t>& Measured(const ProfileInput& input, const Range& range) {
  return range.is_values ? input.values : input.dims;
}

/// How many dimensions or values are out of range; all of them where the ranks differ.
size_t CountViolations(const ProfileInput& input, const Range& range) {
  const std::vector<int64_t>& have = Measured(input, range);
  if (have.size() != range.min.size()) return std::max(have.size(), range.min.size());
  size_t count = 0;
  for (size_t i = 0; i < have.size(); ++i) count += have[i] < range.min[i] || have[i] > range.max[i] ? 1 : 0;
  return count;
}

double Distance(const ProfileInput& input, const Range& range) {
  const std::vector<int64_t>& have = Measured(input, range);
  double sum = 0;
  for (size_t i = 0; i < have.size(); ++i) {
    // Values may be zero or negative, dimensions zero: their difference counts then.
    if (have[i] > 0 && range.opt[i] > 0) {
      sum += std::abs(std::log(static_cast<double>(have[i]) / static_cast<double>(range.opt[i])));
    } else {
      sum += std::abs(static_cast<double>(have[i]) - static_cast<double>(range.opt[i]));
    }
  }
  return sum;
}

std::string Between(int64_t min, int64_t max) {
  return min == max ? std::to_string(min) : std::to_string(min) + ".." + std::to_string(max);
}

std::string Join(const std::vector<int64_t>& numbers) {
  std::string text = "[";
  for (size_t i = 0; i < numbers.size(); ++i) text += (i == 0 ? "" : ",") + std::to_string(numbers[i]);
  return text + "]";
}

std::string Allowed(const Range& range) {
  std::string text;
  for (size_t i = 0; i < range.min.size(); ++i)
    text += (i == 0 ? "" : " x ") + Between(range.min[i], range.max[i]);
  return range.min.empty() ? "a scalar" : text;
}

/// "dim 2 = 576 (expected 800)", one after the other.
std::string Misfits(const std::vector<int64_t>& have, const Range& range) {
  if (have.size() != range.min.size()) {
    return "it has " + std::to_string(have.size()) + (range.is_values ? " values" : " dimensions") +
           " (expected " + std::to_string(range.min.size()) + ")";
  }
  std::string text;
  for (size_t i = 0; i < have.size(); ++i) {
    if (have[i] >= range.min[i] && have[i] <= range.max[i]) continue;
    text += (text.empty() ? "" : ", ") + std::string(range.is_values ? "value " : "dim ") +
            std::to_string(i) + " = " + std::to_string(have[i]) + " (expected " +
            Between(range.min[i], range.max[i]) + ")";
  }
  return text;
}

[[noreturn]] void ThrowMisfit(const std::vector<Range>& profile, size_t index, size_t profiles,
                              const std::vector<ProfileInput>& inputs, bool is_fixed) {
  std::string message;
  std::vector<std::string> names;
  const std::string number = std::to_string(index);
  const std::string verdict = is_fixed ? " does not fit the session's optimisation profile: profile " + number
                              : profiles > 1
                                  ? " fits no optimisation profile: the nearest, profile " + number + ","
                                  : " fits no optimisation profile: profile " + number;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (CountViolations(inputs[i], profile[i]) == 0) continue;
    const std::vector<int64_t>& have = Measured(inputs[i], profile[i]);
    names.push_back(inputs[i].name);
    message += (message.empty() ? "Input \"" : " Input \"") + inputs[i].name + "\" " +
               (profile[i].is_values ? "with the values " : "") + Join(have) + verdict + " allows " +
               Allowed(profile[i]) + ": " + Misfits(have, profile[i]) + ".";
  }
  Error error("ERR_TRT_RUN_PROFILE", message);
  error.AddNumber("profile", index);
  error.details.push_back({"inputs", std::move(names)});
  throw error;
}

}  // namespace

int ChooseProfile(const std::vector<std::vector<Range>>& profiles, const std::vector<ProfileInput>& inputs,
                  std::optional<int> fixed) {
  if (profiles.empty()) return 0;
  if (fixed && (*fixed < 0 || static_cast<size_t>(*fixed) >= profiles.size())) {
    throw Error("ERR_TRT_RUN_PROFILE", "Expected a profile from 0 to " + std::to_string(profiles.size() - 1) +
                                           ", which the engine has, got " + std::to_string(*fixed) + ".");
  }
  int best = -1;
  double best_distance = 0;
  size_t nearest = 0, fewest = std::numeric_limits<size_t>::max();
  for (size_t p = 0; p < profiles.size(); ++p) {
    if (fixed && static_cast<size_t>(*fixed) != p) continue;
    size_t violations = 0;
    for (size_t i = 0; i < inputs.size(); ++i) violations += CountViolations(inputs[i], profiles[p][i]);
    if (violations < fewest) {
      fewest = violations;
      nearest = p;
    }
    if (violations > 0) continue;
    double distance = 0;
    for (size_t i = 0; i < inputs.size(); ++i) distance += Distance(inputs[i], profiles[p][i]);
    if (best >= 0 && distance >= best_distance) continue;
    best = static_cast<int>(p);
    best_distance = distance;
  }
  if (best < 0) ThrowMisfit(profiles[nearest], nearest, profiles.size(), inputs, fixed.has_value());
  return best;
}

}  // namespace trtn::gpu
