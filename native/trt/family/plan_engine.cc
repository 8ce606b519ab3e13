// SPDX-License-Identifier: Apache-2.0
#include "trt/family/plan_engine.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "trt/family/engine_description.h"
#include "trt/family/engine_inspector.h"
#include "trt/family/plan_context.h"
#include "trt/family/refit.h"
#include "trt/family/runtime_cache.h"
#include "trt/run_failure.h"

namespace trtn::trt::TRTN_FAMILY {
namespace {

class Engine final : public PlanEngine {
 public:
  explicit Engine(std::shared_ptr<EngineState> state) : state_(std::move(state)) {}

  const std::vector<PlanTensor>& tensors() const override { return state_->tensors; }
  const std::vector<std::vector<EngineControl::Range>>& profiles() const override { return state_->profiles; }
  std::unique_ptr<PlanContext> CreateContext(const ContextOptions& options) override {
    return CreatePlanContext(state_, options);
  }
  int aux_streams() const override { return state_->engine->getNbAuxStreams(); }
  int64_t device_memory_bytes() const override { return state_->engine->getDeviceMemorySizeV2(); }
  std::string InspectorJson() override { return InspectEngine(*state_); }
  std::vector<std::pair<std::string, double>> Statistics() override { return DescribeStatistics(*state_); }
  std::vector<std::string> DebugTensors() override { return ListDebugTensors(*state_); }
  void SetWeightStreamingBudget(int64_t bytes) override;
  void Refit(const RefitRequest& request, cuda::StreamHandle stream) override {
    RefitEngine(*state_, request, stream);
  }
  void LoadRuntimeCache(const std::vector<uint8_t>& bytes) override {
    TRTN_FAMILY::LoadRuntimeCache(*state_, bytes);
  }
  std::vector<uint8_t> SerializeRuntimeCache() override {
    return TRTN_FAMILY::SerializeRuntimeCache(*state_);
  }

 private:
  const std::shared_ptr<EngineState> state_;
};

void Engine::SetWeightStreamingBudget(int64_t bytes) {
  nv::ICudaEngine& engine = *state_->engine;
  const int64_t streamable = engine.getStreamableWeightsSize();
  if (streamable <= 0) {
    // Automatic: as much as fits on the device, which is all of it.
    if (bytes < 0) return;
    throw Error("ERR_TRT_RUN_UNSUPPORTED",
                "The plan's weights cannot be streamed: it was not built with the option weightStreaming.",
                "ICudaEngine::getStreamableWeightsSize");
  }
  const LogCapture log(Severity::kWarning);
  if (bytes < 0) bytes = engine.getWeightStreamingAutomaticBudget();
  // More than there is means the same as all of it: nothing is streamed.
  bytes = std::min(bytes, streamable);
  if (engine.setWeightStreamingBudgetV2(bytes)) return;
  throw RunFailure("refuses " + std::to_string(bytes) + " bytes for the weights",
                   "ICudaEngine::setWeightStreamingBudgetV2", state_->runtime->Take(log));
}

}  // namespace

std::shared_ptr<PlanEngine> CreatePlanEngine(std::shared_ptr<RuntimeState> runtime,
                                             Owned<nv::ICudaEngine> engine) {
  auto state = std::make_shared<EngineState>();
  state->runtime = std::move(runtime);
  state->engine = std::move(engine);
  state->engine->setErrorRecorder(&state->runtime->recorder);
  state->tensors = DescribeTensors(*state->runtime, *state->engine);
  state->profiles = DescribeProfiles(*state->runtime, *state->engine, state->tensors);
  return std::make_shared<Engine>(std::move(state));
}

}  // namespace trtn::trt::TRTN_FAMILY
