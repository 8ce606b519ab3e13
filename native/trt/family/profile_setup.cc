// SPDX-License-Identifier: Apache-2.0
#include "trt/family/profile_setup.h"

#include <limits>
#include <string>
#include <vector>

#include "core/error.h"
#include "trt/build_failure.h"

namespace trtn::trt::TRTN_FAMILY {
namespace {

using Selector = nv::OptProfileSelector;

nv::Dims DimsOf(const ProfileRange& range, const std::vector<int64_t>& from) {
  nv::Dims dims{};
  if (from.size() > static_cast<size_t>(nv::Dims::MAX_DIMS)) {
    throw Error("ERR_TRT_ARG_PROFILE_RANK",
                "The profile of input '" + range.input + "' has " + std::to_string(from.size()) +
                    " dimensions; TensorRT has at most " + std::to_string(nv::Dims::MAX_DIMS) + ".");
  }
  dims.nbDims = static_cast<int32_t>(from.size());
  for (size_t i = 0; i < from.size(); i++) dims.d[i] = from[i];
  return dims;
}

#if TRTN_IS_10
// Before 10.11 shape values were 32 bits wide.
bool SetNarrowValues(nv::IOptimizationProfile& profile, const ProfileRange& range, Selector which,
                     const std::vector<int64_t>& values) {
  std::vector<int32_t> narrow;
  for (int64_t value : values) {
    if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
      throw Error("ERR_TRT_ARG_PROFILE_VALUES",
                  "The value " + std::to_string(value) + " of input '" + range.input +
                      "' needs TensorRT 10.11 or newer: older ones take 32 bits.");
    }
    narrow.push_back(static_cast<int32_t>(value));
  }
  return profile.setShapeValues(range.input.c_str(), which, narrow.data(),
                                static_cast<int32_t>(narrow.size()));
}
#endif

bool SetValues(const BuildSession& session, nv::IOptimizationProfile& profile, const ProfileRange& range,
               Selector which, const std::vector<int64_t>& values) {
#if TRTN_IS_10
  if (!session.AtLeast(101100)) return SetNarrowValues(profile, range, which, values);
#endif
  return profile.setShapeValuesV2(range.input.c_str(), which, values.data(),
                                  static_cast<int32_t>(values.size()));
}

bool Set(const BuildSession& session, nv::IOptimizationProfile& profile, const ProfileRange& range,
         Selector which, const std::vector<int64_t>& numbers) {
  if (range.is_values) return SetValues(session, profile, range, which, numbers);
  return profile.setDimensions(range.input.c_str(), which, DimsOf(range, numbers));
}

void SetRange(const BuildSession& session, nv::IOptimizationProfile& profile, const ProfileRange& range) {
  if (range.min.size() != range.opt.size() || range.opt.size() != range.max.size()) {
    throw Error("ERR_TRT_ARG_PROFILE_RANK",
                "The profile of input '" + range.input + "' has min, opt and max of different lengths.");
  }
  if (!Set(session, profile, range, Selector::kMIN, range.min) ||
      !Set(session, profile, range, Selector::kOPT, range.opt) ||
      !Set(session, profile, range, Selector::kMAX, range.max)) {
    throw Error("ERR_TRT_ARG_PROFILE_RANGE", "TensorRT refuses the range of input '" + range.input + "'.",
                "IOptimizationProfile::setDimensions", session.log.Lines());
  }
}

}  // namespace

void AddProfiles(const BuildSession& session, nv::IBuilderConfig& config) {
  for (size_t i = 0; i < session.request.profiles.size(); i++) {
    // Owned by the builder.
    nv::IOptimizationProfile* profile = session.builder.createOptimizationProfile();
    if (!IsObject(profile)) throw BuildFailure("IBuilder::createOptimizationProfile", session.log.Lines());
    for (const ProfileRange& range : session.request.profiles[i]) SetRange(session, *profile, range);
    if (config.addOptimizationProfile(profile) < 0) {
      throw Error(
          "ERR_TRT_ARG_PROFILE_RANGE",
          "TensorRT refuses profile " + std::to_string(i) + ": each dimension needs min <= opt <= max.",
          "IBuilderConfig::addOptimizationProfile", session.log.Lines());
    }
  }
}

}  // namespace trtn::trt::TRTN_FAMILY
