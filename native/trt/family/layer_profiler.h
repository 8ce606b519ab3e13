// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "trt/family/nvinfer.h"
#include "trt/plan.h"

namespace trtn::trt::TRTN_FAMILY {

/// Sums the times that TensorRT reports for each layer. Called on the thread that reports.
class LayerProfiler final : public nv::IProfiler {
 public:
  void reportLayerTime(char const* layer, float milliseconds) noexcept override;
  /// In the order of the first reports; starts anew.
  std::vector<LayerTime> Take();

 private:
  std::vector<LayerTime> times_;
  std::unordered_map<std::string, size_t> index_;
};

}  // namespace trtn::trt::TRTN_FAMILY
