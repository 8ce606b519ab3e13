// SPDX-License-Identifier: Apache-2.0
#include "ops/signals/window.h"

#include <cmath>

#include "core/error.h"

namespace trtn::ops::signals {

namespace {

double WindowValue(const std::string& name, double phase) {
  const double hann = 0.5 - 0.5 * std::cos(phase);
  if (name == "rectangular") return 1.0;
  if (name == "hann") return hann;
  if (name == "hamming") return 0.54 - 0.46 * std::cos(phase);
  // The sum is a little below zero at its ends, by rounding alone.
  if (name == "blackman") return std::fmax(0.0, 0.42 - 0.5 * std::cos(phase) + 0.08 * std::cos(2 * phase));
  if (name == "povey") return std::pow(hann, 0.85);
  throw Error("ERR_TRT_RUN_FAILED", "There is no window \"" + name + "\".");
}

}  // namespace

std::vector<float> MakeWindow(const std::string& name, int32_t count, bool periodic) {
  constexpr double kTwoPi = 6.283185307179586476925;
  std::vector<float> window(count, 1.0f);
  // A single value has no period: 1, as for SciPy.
  const double period = periodic ? count : count - 1;
  for (int32_t i = 0; i < count; ++i)
    window[i] = static_cast<float>(WindowValue(name, count > 1 ? kTwoPi * i / period : kTwoPi / 2));
  return window;
}

}  // namespace trtn::ops::signals
