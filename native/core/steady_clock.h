// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace trtn {

/// The moment now on std::chrono::steady_clock (CLOCK_MONOTONIC, as process.hrtime() of Node) in
/// milliseconds.
inline double SteadyMilliseconds() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace trtn
