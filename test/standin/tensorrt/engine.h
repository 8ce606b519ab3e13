// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plan.h"
#include "runtime_config.h"

namespace standin {

class Engine final : public nv::ICudaEngine, public nv::apiv::VCudaEngine, private Object {
 public:
  /// Takes the device memory of the weights.
  Engine(Plan plan, void* weights, nv::IErrorRecorder* recorder);
  ~Engine() override;

  const std::shared_ptr<const Plan>& plan() const { return plan_; }
  /// The weights that a kernel enqueued now reads.
  Weights WeightsOf(const std::string& name) const;
  /// Null where the name is unknown.
  Weights FindWeights(const std::string& name) const;
  void ReplaceWeights(const std::map<std::string, Weights>& weights);
  void ContextMade() { ++contexts_; }
  void ContextGone() { --contexts_; }
  void RefitterMade() { ++refitters_; }
  void RefitterGone() { --refitters_; }
  /// Activation memory for the largest shapes of a profile.
  int64_t MemoryForProfile(int profile) const;

  nv::ICudaEngine* getPImpl() noexcept override { return this; }
  int32_t getNbLayers() const noexcept override { return static_cast<int32_t>(plan_->layers.size()); }
  nv::IHostMemory* serialize() const noexcept override;
  nv::IExecutionContext* createExecutionContext(
      nv::ExecutionContextAllocationStrategy strategy) noexcept override;
  bool isRefittable() const noexcept override { return plan_->is_refittable; }
  char const* getName() const noexcept override { return plan_->name.c_str(); }
  int32_t getNbOptimizationProfiles() const noexcept override {
    return static_cast<int32_t>(plan_->profiles.size());
  }
  nv::EngineCapability getEngineCapability() const noexcept override {
    return nv::EngineCapability::kSTANDARD;
  }
  void setErrorRecorder(nv::IErrorRecorder* recorder) noexcept override { SetRecorder(recorder); }
  nv::IErrorRecorder* getErrorRecorder() const noexcept override { return recorder(); }
  nv::TacticSources getTacticSources() const noexcept override { return 0; }
  nv::ProfilingVerbosity getProfilingVerbosity() const noexcept override {
    return nv::ProfilingVerbosity::kDETAILED;
  }
  nv::IEngineInspector* createEngineInspector() const noexcept override;
  nv::Dims getTensorShape(char const* name) const noexcept override;
  nv::DataType getTensorDataType(char const* name) const noexcept override;
  nv::TensorLocation getTensorLocation(char const* name) const noexcept override;
  bool isShapeInferenceIO(char const* name) const noexcept override;
  nv::TensorIOMode getTensorIOMode(char const* name) const noexcept override;
  int32_t getTensorBytesPerComponent(char const* name) const noexcept override;
  int32_t getTensorComponentsPerElement(char const* name) const noexcept override { return -1; }
  nv::TensorFormat getTensorFormat(char const* name) const noexcept override {
    return nv::TensorFormat::kLINEAR;
  }
  char const* getTensorFormatDesc(char const* name) const noexcept override;
  int32_t getTensorVectorizedDim(char const* name) const noexcept override { return -1; }
  nv::Dims getProfileShape(char const* name, int32_t profile,
                           nv::OptProfileSelector select) const noexcept override;
  int32_t getNbIOTensors() const noexcept override { return static_cast<int32_t>(plan_->io_count); }
  char const* getIOTensorName(int32_t index) const noexcept override;
  nv::HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept override {
    return nv::HardwareCompatibilityLevel::kNONE;
  }
  int32_t getNbAuxStreams() const noexcept override { return plan_->aux_streams; }
  int32_t getTensorBytesPerComponentV2(char const* name, int32_t) const noexcept override {
    return getTensorBytesPerComponent(name);
  }
  int32_t getTensorComponentsPerElementV2(char const* name, int32_t) const noexcept override { return -1; }
  nv::TensorFormat getTensorFormatV2(char const* name, int32_t) const noexcept override {
    return nv::TensorFormat::kLINEAR;
  }
  char const* getTensorFormatDescV2(char const* name, int32_t) const noexcept override {
    return getTensorFormatDesc(name);
  }
  int32_t getTensorVectorizedDimV2(char const* name, int32_t) const noexcept override { return -1; }
  nv::ISerializationConfig* createSerializationConfig() noexcept override;
  nv::IHostMemory* serializeWithConfig(nv::ISerializationConfig&) const noexcept override;
  nv::IRefitter* createRefitter(nv::ILogger& logger) noexcept override;
  int64_t getStreamableWeightsSize() const noexcept override { return plan_->streamable_bytes; }
  bool isDebugTensor(char const* name) const noexcept override;
  bool setWeightStreamingBudgetV2(int64_t budget) noexcept override;
  int64_t getWeightStreamingBudgetV2() const noexcept override { return streaming_budget_; }
  int64_t getWeightStreamingAutomaticBudget() const noexcept override { return plan_->streamable_bytes / 2; }
  int64_t getWeightStreamingScratchMemorySize() const noexcept override;
  int64_t getDeviceMemorySizeV2() const noexcept override;
  int64_t getDeviceMemorySizeForProfileV2(int32_t profile) const noexcept override;
  int64_t const* getProfileTensorValuesV2(char const* name, int32_t profile,
                                          nv::OptProfileSelector select) const noexcept override;
  nv::IExecutionContext* createExecutionContextWithRuntimeConfig(
      nv::IRuntimeConfig* config) noexcept override;
  nv::IRuntimeConfig* createRuntimeConfig() noexcept override;
  int64_t getEngineStat(nv::EngineStat stat) const noexcept override;
  char const* getAliasedInputTensor(char const*) const noexcept override { return nullptr; }
#if STANDIN_IS_10
  nv::IExecutionContext* createExecutionContextWithoutDeviceMemory() noexcept override;
  size_t getDeviceMemorySize() const noexcept override {
    return static_cast<size_t>(getDeviceMemorySizeV2());
  }
  int32_t const* getProfileTensorValues(char const* name, int32_t profile,
                                        nv::OptProfileSelector select) const noexcept override;
  bool hasImplicitBatchDimension() const noexcept override { return false; }
  size_t getDeviceMemorySizeForProfile(int32_t profile) const noexcept override {
    return static_cast<size_t>(MemoryForProfile(profile));
  }
  bool setWeightStreamingBudget(int64_t budget) noexcept override;
  int64_t getWeightStreamingBudget() const noexcept override { return streaming_budget_; }
  int64_t getMinimumWeightStreamingBudget() const noexcept override { return 0; }
#endif
#if STANDIN_IS_RTX
  bool areWeightsLoaded() const noexcept override { return true; }
  bool loadWeights(void const*, int64_t) noexcept override;
  bool loadWeightsAsync(nv::IStreamReaderV2&, cudaStream_t) noexcept override;
  bool unloadWeights() noexcept override;
  nv::IWeightsManager* createWeightsManager() noexcept override;
#endif

 private:
  nv::IExecutionContext* MakeContext(const char* entry, const ContextSettings& settings);
  /// Logs and returns null where there is no such input or output.
  const TensorSpec* Tensor(const char* entry, const char* name) const;
  const ProfileRange* Range(const char* entry, const char* name, int profile) const;

  LoggerHold hold_;
  std::shared_ptr<const Plan> plan_;
  void* const weight_memory_;
  mutable std::mutex mutex_;
  std::map<std::string, Weights> weights_;
  std::atomic<int> contexts_{0}, refitters_{0};
  int64_t streaming_budget_;
#if STANDIN_IS_10
  mutable std::map<std::string, std::vector<int32_t>> narrow_values_;
#endif
};

}  // namespace standin
