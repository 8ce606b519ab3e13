// SPDX-License-Identifier: Apache-2.0
#include "engine.h"

#include <algorithm>
#include <utility>

#include "context.h"
#include "host_memory.h"
#include "inspector.h"
#include "refitter.h"

namespace standin {

Engine::Engine(Plan plan, void* weights, nv::IErrorRecorder* recorder)
    : Object("ICudaEngine", recorder),
      hold_(nullptr, "deserializeCudaEngine"),
      plan_(std::make_shared<const Plan>(std::move(plan))),
      weight_memory_(weights),
      weights_(plan_->weights),
      streaming_budget_(plan_->streamable_bytes) {
  mImpl = this;
}

Engine::~Engine() {
  if (contexts_ > 0) {
    trtn_standin_violation(
        ("ICudaEngine destroyed while " + std::to_string(contexts_) + " of its contexts live").c_str());
  }
  if (refitters_ > 0) trtn_standin_violation("ICudaEngine destroyed while one of its refitters lives");
  if (weight_memory_) cuMemFree_v2(reinterpret_cast<unsigned long long>(weight_memory_));
}

Weights Engine::FindWeights(const std::string& name) const {
  std::lock_guard lock(mutex_);
  auto found = weights_.find(name);
  return found == weights_.end() ? nullptr : found->second;
}

Weights Engine::WeightsOf(const std::string& name) const {
  Weights weights = FindWeights(name);
  return weights ? weights : std::make_shared<const std::vector<float>>();
}

void Engine::ReplaceWeights(const std::map<std::string, Weights>& weights) {
  std::lock_guard lock(mutex_);
  for (const auto& [name, values] : weights) weights_[name] = values;
}

int64_t Engine::MemoryForProfile(int profile) const {
  auto elements = [&](const std::map<std::string, ProfileRange>& ranges) {
    int64_t sum = 0;
    for (const auto& [name, range] : ranges) sum += std::max<int64_t>(ElementCount(range.max), 1);
    return std::max<int64_t>(sum, 1);
  };
  if (profile < 0 || profile >= getNbOptimizationProfiles()) return 0;
  int64_t largest = 1;
  for (const auto& ranges : plan_->profiles) largest = std::max(largest, elements(ranges));
  double share = static_cast<double>(elements(plan_->profiles[profile])) / static_cast<double>(largest);
  return static_cast<int64_t>(static_cast<double>(plan_->memory_bytes) * share);
}

nv::IHostMemory* Engine::serialize() const noexcept {
  if (Enter("ICudaEngine::serialize")) return nullptr;
  Plan plan = *plan_;
  std::lock_guard lock(mutex_);
  plan.weights = weights_;
  return new HostMemory(SerializePlan(plan));
}

nv::IExecutionContext* Engine::MakeContext(const char* entry, const ContextSettings& settings) {
  if (Enter(entry)) return nullptr;
  void* memory = nullptr;
  int64_t bytes = 0;
  if (settings.allocation == nv::ExecutionContextAllocationStrategy::kSTATIC) bytes = plan_->memory_bytes;
  if (settings.allocation == nv::ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE)
    bytes = MemoryForProfile(0);
  if (bytes > 0) {
    int result = 0;
    memory = AllocateDevice(bytes, &result);
    if (result != 0) {
      if (result == 2) {
        Fail(entry, nv::ErrorCode::kINTERNAL_ERROR, "OutOfMemory",
             "Requested size was " + std::to_string(bytes) + " bytes.");
      } else {
        CudaError(entry, result);
      }
      return nullptr;
    }
  }
  return new Context(this, settings, memory, bytes, recorder());
}

nv::IExecutionContext* Engine::createExecutionContext(
    nv::ExecutionContextAllocationStrategy strategy) noexcept {
  ContextSettings settings;
  settings.allocation = strategy;
  return MakeContext("ICudaEngine::createExecutionContext", settings);
}

nv::IExecutionContext* Engine::createExecutionContextWithRuntimeConfig(nv::IRuntimeConfig* config) noexcept {
  constexpr char kEntry[] = "ICudaEngine::createExecutionContextWithRuntimeConfig";
  if (!config) {
    UsageError(kEntry, "Parameter check failed, condition: runtimeConfig != nullptr.");
    return nullptr;
  }
  return MakeContext(kEntry, static_cast<RuntimeConfig*>(config)->settings());
}

nv::IRuntimeConfig* Engine::createRuntimeConfig() noexcept {
  if (Enter("ICudaEngine::createRuntimeConfig")) return nullptr;
  return new RuntimeConfig();
}

nv::IEngineInspector* Engine::createEngineInspector() const noexcept {
  if (Enter("ICudaEngine::createEngineInspector")) return nullptr;
  return new Inspector(plan_);
}

nv::IRefitter* Engine::createRefitter(nv::ILogger& logger) noexcept {
  constexpr char kEntry[] = "createInferRefitter";
  if (Enter(kEntry)) return nullptr;
  if (!plan_->is_refittable) {
    UsageError(kEntry, "The engine was not built with BuilderFlag::kREFIT and cannot be refitted.");
    return nullptr;
  }
  return new Refitter(this, &logger);
}

bool Engine::setWeightStreamingBudgetV2(int64_t budget) noexcept {
  constexpr char kEntry[] = "ICudaEngine::setWeightStreamingBudgetV2";
  if (Enter(kEntry)) return false;
  if (contexts_ > 0) {
    UsageError(kEntry,
               "The weight streaming budget cannot be set while there are active IExecutionContexts.");
    return false;
  }
  if (budget < 0 || plan_->streamable_bytes == 0) {
    ParameterError(kEntry, "gpuMemoryBudget >= 0",
                   plan_->streamable_bytes ? "The budget must be non-negative."
                                           : "The engine was not built with BuilderFlag::kWEIGHT_STREAMING.");
    return false;
  }
  streaming_budget_ = std::min(budget, plan_->streamable_bytes);
  return true;
}

int64_t Engine::getWeightStreamingScratchMemorySize() const noexcept {
  return streaming_budget_ < plan_->streamable_bytes ? 256 : 0;
}

int64_t Engine::getDeviceMemorySizeV2() const noexcept {
  trtn_standin_call("ICudaEngine::getDeviceMemorySizeV2");
  return plan_->memory_bytes;
}

int64_t Engine::getDeviceMemorySizeForProfileV2(int32_t profile) const noexcept {
  trtn_standin_call("ICudaEngine::getDeviceMemorySizeForProfileV2");
  return MemoryForProfile(profile);
}

int64_t Engine::getEngineStat(nv::EngineStat stat) const noexcept {
  trtn_standin_call("ICudaEngine::getEngineStat");
  return stat == nv::EngineStat::kTOTAL_WEIGHTS_SIZE ? plan_->WeightBytes() : -1;
}

nv::ISerializationConfig* Engine::createSerializationConfig() noexcept {
  NotImplemented("ICudaEngine::createSerializationConfig");
  return nullptr;
}

nv::IHostMemory* Engine::serializeWithConfig(nv::ISerializationConfig&) const noexcept {
  NotImplemented("ICudaEngine::serializeWithConfig");
  return nullptr;
}

#if STANDIN_IS_10
nv::IExecutionContext* Engine::createExecutionContextWithoutDeviceMemory() noexcept {
  ContextSettings settings;
  settings.allocation = nv::ExecutionContextAllocationStrategy::kUSER_MANAGED;
  return MakeContext("ICudaEngine::createExecutionContextWithoutDeviceMemory", settings);
}

bool Engine::setWeightStreamingBudget(int64_t) noexcept {
  NotImplemented("ICudaEngine::setWeightStreamingBudget");
  return false;
}
#endif

#if STANDIN_IS_RTX
bool Engine::loadWeights(void const*, int64_t) noexcept {
  NotImplemented("ICudaEngine::loadWeights");
  return false;
}

bool Engine::loadWeightsAsync(nv::IStreamReaderV2&, cudaStream_t) noexcept {
  NotImplemented("ICudaEngine::loadWeightsAsync");
  return false;
}

bool Engine::unloadWeights() noexcept {
  NotImplemented("ICudaEngine::unloadWeights");
  return false;
}

nv::IWeightsManager* Engine::createWeightsManager() noexcept {
  NotImplemented("ICudaEngine::createWeightsManager");
  return nullptr;
}
#endif

}  // namespace standin
