// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "object.h"

namespace standin {

class Runtime final : public nv::IRuntime, public nv::apiv::VRuntime, private Object {
 public:
  explicit Runtime(nv::ILogger* logger) : Object("IRuntime"), hold_(logger, "createInferRuntime") {
    mImpl = this;
  }

  nv::IRuntime* getPImpl() noexcept override { return this; }
  nv::ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size) noexcept override;
  nv::ICudaEngine* deserializeCudaEngineV2(nv::IStreamReaderV2& reader) noexcept override;
#if STANDIN_IS_10
  nv::ICudaEngine* deserializeCudaEngine(nv::IStreamReader& reader) noexcept override;
#endif
  void setDLACore(int32_t) noexcept override { NotImplemented("IRuntime::setDLACore"); }
  int32_t getDLACore() const noexcept override { return -1; }
  int32_t getNbDLACores() const noexcept override { return 0; }
  void setGpuAllocator(nv::IGpuAllocator*) noexcept override { NotImplemented("IRuntime::setGpuAllocator"); }
  void setErrorRecorder(nv::IErrorRecorder* recorder) noexcept override { SetRecorder(recorder); }
  nv::IErrorRecorder* getErrorRecorder() const noexcept override { return recorder(); }
  nv::ILogger* getLogger() const noexcept override { return CurrentLogger(); }
  bool setMaxThreads(int32_t threads) noexcept override {
    max_threads_ = threads;
    return !Enter("IRuntime::setMaxThreads");
  }
  int32_t getMaxThreads() const noexcept override { return max_threads_; }
  void setTemporaryDirectory(char const* path) noexcept override { temporary_directory_ = path ? path : ""; }
  char const* getTemporaryDirectory() const noexcept override { return temporary_directory_.c_str(); }
  void setTempfileControlFlags(nv::TempfileControlFlags flags) noexcept override { tempfile_flags_ = flags; }
  nv::TempfileControlFlags getTempfileControlFlags() const noexcept override { return tempfile_flags_; }
  nv::IPluginRegistry& getPluginRegistry() noexcept override;
  void setPluginRegistryParent(nv::IPluginRegistry*) noexcept override {
    NotImplemented("IRuntime::setPluginRegistryParent");
  }
  nv::IRuntime* loadRuntime(char const*) noexcept override {
    NotImplemented("IRuntime::loadRuntime");
    return nullptr;
  }
  void setEngineHostCodeAllowed(bool allowed) noexcept override {
    Enter("IRuntime::setEngineHostCodeAllowed");
    host_code_allowed_ = allowed;
  }
  bool getEngineHostCodeAllowed() const noexcept override { return host_code_allowed_; }
#if !STANDIN_IS_10
  bool setDLAWorkspaceAllocationStrategy(nv::DLAWorkspaceAllocationStrategy) noexcept override {
    NotImplemented("IRuntime::setDLAWorkspaceAllocationStrategy");
    return false;
  }
  nv::DLAWorkspaceAllocationStrategy getDLAWorkspaceAllocationStrategy() const noexcept override {
    return {};
  }
#endif
#if STANDIN_IS_RTX
  int64_t getEngineHeaderSize() const noexcept override { return static_cast<int64_t>(kHeaderBytes); }
  nv::EngineValidity getEngineValidity(void const* blob, int64_t size,
                                       uint64_t* diagnostics) const noexcept override;
  void setDeferredWeightsLoading(bool) noexcept override {
    NotImplemented("IRuntime::setDeferredWeightsLoading");
  }
  bool getDeferredWeightsLoading() const noexcept override { return false; }
#endif

 private:
  nv::ICudaEngine* Deserialize(const std::string& bytes);

  LoggerHold hold_;
  int32_t max_threads_ = 1;
  bool host_code_allowed_ = false;
  std::string temporary_directory_ = "/tmp";
  nv::TempfileControlFlags tempfile_flags_ = 0;
};

}  // namespace standin
