// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "object.h"

namespace standin {

/// The kernels that were compiled: shared by a runtime cache and the contexts made with it.
class CompiledKernels {
 public:
  /// True the first time, which is recorded as a call of "compileKernel".
  bool Compile(const std::string& key);
  std::string Serialize() const;
  bool Deserialize(const std::string& bytes);
  void Clear();

 private:
  mutable std::mutex mutex_;
  std::set<std::string> keys_;
};

/// What a context is made with.
struct ContextSettings {
  nv::ExecutionContextAllocationStrategy allocation = nv::ExecutionContextAllocationStrategy::kSTATIC;
#if STANDIN_IS_RTX
  std::shared_ptr<CompiledKernels> kernels;
  nv::DynamicShapesKernelSpecializationStrategy specialisation =
      nv::DynamicShapesKernelSpecializationStrategy::kLAZY;
  nv::CudaGraphStrategy graphs = nv::CudaGraphStrategy::kDISABLED;
#endif
};

#if STANDIN_IS_RTX
class RuntimeCache final : public nv::IRuntimeCache, public nv::apiv::VRuntimeCache, private Object {
 public:
  RuntimeCache() : Object("IRuntimeCache") { mImpl = this; }

  nv::IHostMemory* serialize() const noexcept override;
  bool deserialize(void const* blob, size_t size) noexcept override;
  bool reset() noexcept override;
  const std::shared_ptr<CompiledKernels>& kernels() const { return kernels_; }

 private:
  std::shared_ptr<CompiledKernels> kernels_ = std::make_shared<CompiledKernels>();
};
#endif

class RuntimeConfig final : public nv::IRuntimeConfig, public nv::apiv::VRuntimeConfig, private Object {
 public:
  RuntimeConfig() : Object("IRuntimeConfig") { mImpl = this; }

  nv::IRuntimeConfig* getPImpl() noexcept override { return this; }
  void setExecutionContextAllocationStrategy(
      nv::ExecutionContextAllocationStrategy strategy) noexcept override {
    Enter("IRuntimeConfig::setExecutionContextAllocationStrategy");
    settings_.allocation = strategy;
  }
  nv::ExecutionContextAllocationStrategy getExecutionContextAllocationStrategy() const noexcept override {
    return settings_.allocation;
  }
  const ContextSettings& settings() const { return settings_; }

#if STANDIN_IS_RTX
  nv::IRuntimeCache* createRuntimeCache() const noexcept override;
  bool setRuntimeCache(nv::IRuntimeCache const& cache) noexcept override;
  nv::IRuntimeCache* getRuntimeCache() const noexcept override;
  void setDynamicShapesKernelSpecializationStrategy(
      nv::DynamicShapesKernelSpecializationStrategy strategy) noexcept override;
  nv::DynamicShapesKernelSpecializationStrategy getDynamicShapesKernelSpecializationStrategy()
      const noexcept override {
    return settings_.specialisation;
  }
  bool setCudaGraphStrategy(nv::CudaGraphStrategy strategy) noexcept override;
  nv::CudaGraphStrategy getCudaGraphStrategy() const noexcept override { return settings_.graphs; }
#endif

 private:
  ContextSettings settings_;
#if STANDIN_IS_RTX
  const nv::IRuntimeCache* cache_ = nullptr;
#endif
};

}  // namespace standin
