// SPDX-License-Identifier: Apache-2.0
#include "trt/family/layer_profiler.h"

#include <utility>

namespace trtn::trt::TRTN_FAMILY {

void LayerProfiler::reportLayerTime(char const* layer, float milliseconds) noexcept {
  try {
    const std::string name = layer != nullptr ? layer : "";
    const auto [entry, is_new] = index_.emplace(name, times_.size());
    if (is_new) times_.push_back({name, 0});
    times_[entry->second].milliseconds += static_cast<double>(milliseconds);
  } catch (...) {
    // Out of memory: a layer is missing from the trace.
  }
}

std::vector<LayerTime> LayerProfiler::Take() {
  index_.clear();
  return std::exchange(times_, {});
}

}  // namespace trtn::trt::TRTN_FAMILY
