// SPDX-License-Identifier: Apache-2.0
#include "trt/family/progress_monitor.h"

namespace trtn::trt::TRTN_FAMILY {

// The callbacks are noexcept by TensorRT's declaration; an observer that throws (out of memory) loses an
// event.

void ProgressMonitor::phaseStart(char const* name, char const* parent, int32_t steps) noexcept {
  try {
    std::lock_guard<std::mutex> lock(mutex_);
    phases_[name] = {parent != nullptr ? parent : "", steps};
    Tell(name, 0, false);
  } catch (...) {
  }
}

bool ProgressMonitor::stepComplete(char const* name, int32_t step) noexcept {
  try {
    std::lock_guard<std::mutex> lock(mutex_);
    Tell(name, step + 1, false);
    return !(observer_.is_cancelled && observer_.is_cancelled());
  } catch (...) {
    return true;
  }
}

void ProgressMonitor::phaseFinish(char const* name) noexcept {
  try {
    std::lock_guard<std::mutex> lock(mutex_);
    Tell(name, phases_[name].steps, true);
    phases_.erase(name);
  } catch (...) {
  }
}

void ProgressMonitor::Tell(const std::string& name, int step, bool finished) {
  if (!observer_.on_progress) return;
  const Phase& phase = phases_[name];
  observer_.on_progress({name, phase.parent, step, phase.steps, finished});
}

}  // namespace trtn::trt::TRTN_FAMILY
