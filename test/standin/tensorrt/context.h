// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>

#include "context_state.h"

namespace standin {

class Context final : public nv::IExecutionContext, public nv::apiv::VExecutionContext, private Object {
 public:
  /// Takes the device memory, which is freed with the context unless the user manages it.
  Context(Engine* engine, const ContextSettings& settings, void* memory, int64_t bytes,
          nv::IErrorRecorder* recorder);
  ~Context() override;

  nv::IExecutionContext* getPImpl() noexcept override { return this; }
  void setDebugSync(bool sync) noexcept override { debug_sync_ = sync; }
  bool getDebugSync() const noexcept override { return debug_sync_; }
  void setProfiler(nv::IProfiler* profiler) noexcept override;
  nv::IProfiler* getProfiler() const noexcept override { return state_.profiler; }
  nv::ICudaEngine const& getEngine() const noexcept override { return *state_.engine; }
  void setName(char const* name) noexcept override { name_ = name ? name : ""; }
  char const* getName() const noexcept override { return name_.c_str(); }
  void setDeviceMemory(void* memory) noexcept override;
  void setDeviceMemoryV2(void* memory, int64_t size) noexcept override;
  int32_t getOptimizationProfile() const noexcept override { return state_.profile; }
  bool setOptimizationProfileAsync(int32_t profile, cudaStream_t stream) noexcept override;
  bool allInputDimensionsSpecified() const noexcept override;
  void setErrorRecorder(nv::IErrorRecorder* recorder) noexcept override { SetRecorder(recorder); }
  nv::IErrorRecorder* getErrorRecorder() const noexcept override { return recorder(); }
  bool executeV2(void* const* bindings) noexcept override;
  void setEnqueueEmitsProfile(bool emits) noexcept override;
  bool getEnqueueEmitsProfile() const noexcept override { return state_.enqueue_emits_profile; }
  bool reportToProfiler() const noexcept override;
  bool setInputShape(char const* name, nv::Dims const& dims) noexcept override;
  nv::Dims getTensorShape(char const* name) const noexcept override;
  nv::Dims getTensorStrides(char const* name) const noexcept override;
  bool setTensorAddress(char const* name, void* data) noexcept override;
  void const* getTensorAddress(char const* name) const noexcept override;
  bool setInputTensorAddress(char const* name, void const* data) noexcept override;
  bool setOutputTensorAddress(char const* name, void* data) noexcept override;
  void* getOutputTensorAddress(char const* name) const noexcept override;
  int32_t inferShapes(int32_t max_names, char const** names) noexcept override;
  bool setInputConsumedEvent(cudaEvent_t event) noexcept override;
  cudaEvent_t getInputConsumedEvent() const noexcept override { return state_.input_consumed; }
  bool setOutputAllocator(char const* name, nv::IOutputAllocator* allocator) noexcept override;
  nv::IOutputAllocator* getOutputAllocator(char const* name) noexcept override;
  int64_t getMaxOutputSize(char const* name) const noexcept override;
  bool setTemporaryStorageAllocator(nv::IGpuAllocator*) noexcept override;
  nv::IGpuAllocator* getTemporaryStorageAllocator() const noexcept override { return nullptr; }
  bool enqueueV3(cudaStream_t stream) noexcept override;
  void setPersistentCacheLimit(size_t size) noexcept override;
  size_t getPersistentCacheLimit() const noexcept override { return persistent_cache_; }
  bool setNvtxVerbosity(nv::ProfilingVerbosity verbosity) noexcept override;
  nv::ProfilingVerbosity getNvtxVerbosity() const noexcept override { return nvtx_; }
  void setAuxStreams(cudaStream_t* streams, int32_t count) noexcept override;
  bool setDebugListener(nv::IDebugListener* listener) noexcept override;
  nv::IDebugListener* getDebugListener() noexcept override { return state_.debug_listener; }
  bool setTensorDebugState(char const* name, bool flag) noexcept override;
  bool getDebugState(char const* name) const noexcept override;
  bool setAllTensorsDebugState(bool flag) noexcept override;
  size_t updateDeviceMemorySizeForShapes() noexcept override;
  nv::IRuntimeConfig* getRuntimeConfig() const noexcept override;
  bool setUnfusedTensorsDebugState(bool) noexcept override;
  bool getUnfusedTensorsDebugState() const noexcept override { return false; }
  bool setCommunicator(void*) noexcept override;
#if STANDIN_IS_10
  bool allInputShapesSpecified() const noexcept override { return allInputDimensionsSpecified(); }
#endif
#if STANDIN_IS_RTX
  bool isStreamCapturable(cudaStream_t stream) const noexcept override;
#endif

 private:
  /// Reports a violation when another thread is inside the context.
  class Use {
   public:
    Use(const Context& context, const char* entry);
    ~Use();

   private:
    const Context& context_;
    bool is_owner_ = false;
  };

  /// Index of an input or output, -1 with a log line if there is none of that name.
  int IoIndex(const char* entry, const char* name) const;
  bool SetAddress(const char* entry, const char* name, void* data);
  bool CheckInputShape(const char* entry, const TensorSpec& tensor, const Shape& shape) const;
  bool ResizeMemory(const char* entry, int64_t bytes);
  void MakeEvents();

  ContextState state_;
  mutable std::atomic<uintptr_t> user_{0};
  std::string name_;
  bool debug_sync_ = false;
  size_t persistent_cache_ = 0;
  nv::ProfilingVerbosity nvtx_ = nv::ProfilingVerbosity::kDETAILED;
};

}  // namespace standin
