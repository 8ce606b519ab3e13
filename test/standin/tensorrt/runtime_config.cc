// SPDX-License-Identifier: Apache-2.0
#include "runtime_config.h"

#include <sstream>

#include "host_memory.h"

namespace standin {

namespace {
constexpr char kCacheMagic[] = "stand-in runtime cache";
}

bool CompiledKernels::Compile(const std::string& key) {
  std::lock_guard lock(mutex_);
  if (!keys_.insert(key).second) return false;
  trtn_standin_call("compileKernel");
  return true;
}

std::string CompiledKernels::Serialize() const {
  std::lock_guard lock(mutex_);
  std::string bytes = std::string(kCacheMagic) + "\n";
  for (const std::string& key : keys_) bytes += key + "\n";
  return bytes;
}

bool CompiledKernels::Deserialize(const std::string& bytes) {
  std::istringstream text(bytes);
  std::string line;
  if (!std::getline(text, line) || line != kCacheMagic) return false;
  std::lock_guard lock(mutex_);
  while (std::getline(text, line)) keys_.insert(line);
  return true;
}

void CompiledKernels::Clear() {
  std::lock_guard lock(mutex_);
  keys_.clear();
}

#if STANDIN_IS_RTX

nv::IHostMemory* RuntimeCache::serialize() const noexcept {
  if (Enter("IRuntimeCache::serialize")) return nullptr;
  return new HostMemory(kernels_->Serialize());
}

bool RuntimeCache::deserialize(void const* blob, size_t size) noexcept {
  constexpr char kEntry[] = "IRuntimeCache::deserialize";
  if (Enter(kEntry)) return false;
  if (kernels_->Deserialize(std::string(static_cast<const char*>(blob), size))) return true;
  Fail(kEntry, nv::ErrorCode::kUNSPECIFIED_ERROR, "Serialization", "The runtime cache is malformed.");
  return false;
}

bool RuntimeCache::reset() noexcept {
  if (Enter("IRuntimeCache::reset")) return false;
  kernels_->Clear();
  return true;
}

nv::IRuntimeCache* RuntimeConfig::createRuntimeCache() const noexcept {
  if (Enter("IRuntimeConfig::createRuntimeCache")) return nullptr;
  return new RuntimeCache();
}

bool RuntimeConfig::setRuntimeCache(nv::IRuntimeCache const& cache) noexcept {
  if (Enter("IRuntimeConfig::setRuntimeCache")) return false;
  cache_ = &cache;
  settings_.kernels = static_cast<const RuntimeCache&>(cache).kernels();
  return true;
}

nv::IRuntimeCache* RuntimeConfig::getRuntimeCache() const noexcept {
  return const_cast<nv::IRuntimeCache*>(cache_);
}

void RuntimeConfig::setDynamicShapesKernelSpecializationStrategy(
    nv::DynamicShapesKernelSpecializationStrategy strategy) noexcept {
  Enter("IRuntimeConfig::setDynamicShapesKernelSpecializationStrategy");
  settings_.specialisation = strategy;
}

bool RuntimeConfig::setCudaGraphStrategy(nv::CudaGraphStrategy strategy) noexcept {
  if (Enter("IRuntimeConfig::setCudaGraphStrategy")) return false;
  settings_.graphs = strategy;
  return true;
}

#endif

}  // namespace standin
