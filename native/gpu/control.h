// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/engine_control.h"
#include "gpu/model.h"

namespace trtn::gpu {

/// EngineControl over a model, which must outlive it.
class GpuControl final : public EngineControl {
 public:
  explicit GpuControl(Model& model) : model_(model) {}
  std::string InspectorJson() override;
  std::vector<std::pair<std::string, double>> Statistics() override;
  ExecutionCounters Counters() override;
  std::vector<GraphFailure> GraphFailures() override { return model_.graph_failures.List(); }
  std::vector<std::string> DebugTensors() override;
  void Refit(const RefitRequest& request) override;
  std::vector<uint8_t> SerializeRuntimeCache() override;
  const std::vector<std::vector<Range>>& profiles() const override { return model_.engine->profiles(); }

 private:
  Model& model_;
};

}  // namespace trtn::gpu
