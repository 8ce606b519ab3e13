// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace trtn::ops::signals {

/// The values of "hann", "hamming", "blackman", "povey" (hann to the power 0.85) or "rectangular", computed
/// in double and rounded once. Periodic: one period of length `count`; else symmetric, with its end at the
/// last value. Throws ERR_TRT_RUN_FAILED for another name.
std::vector<float> MakeWindow(const std::string& name, int32_t count, bool periodic);

}  // namespace trtn::ops::signals
