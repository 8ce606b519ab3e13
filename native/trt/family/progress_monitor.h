// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "core/builder.h"
#include "trt/family/nvinfer.h"

namespace trtn::trt::TRTN_FAMILY {

/// Hands TensorRT's progress to a BuildObserver and asks it whether to go on. TensorRT calls it from the
/// building thread and, in some families, from threads of its own; the observer hears one event at a time.
class ProgressMonitor final : public nv::IProgressMonitor {
 public:
  /// `observer` must outlive the build.
  explicit ProgressMonitor(const BuildObserver& observer) : observer_(observer) {}

  void phaseStart(char const* name, char const* parent, int32_t steps) noexcept override;
  bool stepComplete(char const* name, int32_t step) noexcept override;
  void phaseFinish(char const* name) noexcept override;

 private:
  void Tell(const std::string& name, int step, bool finished);

  struct Phase {
    std::string parent;
    int steps = 0;
  };

  const BuildObserver& observer_;
  std::mutex mutex_;
  std::map<std::string, Phase> phases_;
};

}  // namespace trtn::trt::TRTN_FAMILY
