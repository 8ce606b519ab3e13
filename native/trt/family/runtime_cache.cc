// SPDX-License-Identifier: Apache-2.0
#include "trt/family/runtime_cache.h"

#include "trt/run_failure.h"

namespace trtn::trt::TRTN_FAMILY {

#if TRTN_IS_RTX

namespace {

/// The engine's cache, made now if there is none. The mutex is held.
nv::IRuntimeCache& CacheOf(EngineState& engine) {
  if (engine.cache) return *engine.cache;
  const LogCapture log(Severity::kWarning);
  nv::IRuntimeConfig* config = engine.engine->createRuntimeConfig();
  if (!IsObject(config)) {
    throw RunFailure("cannot create a runtime configuration", "ICudaEngine::createRuntimeConfig",
                     engine.runtime->Take(log));
  }
  // Kept: nothing says that a cache may outlive the configuration that made it.
  engine.cache_config.reset(config);
  nv::IRuntimeCache* cache = config->createRuntimeCache();
  if (!IsObject(cache)) {
    throw RunFailure("cannot create a runtime cache", "IRuntimeConfig::createRuntimeCache",
                     engine.runtime->Take(log));
  }
  engine.cache.reset(cache);
  return *engine.cache;
}

}  // namespace

void LoadRuntimeCache(EngineState& engine, const std::vector<uint8_t>& bytes) {
  std::lock_guard<std::mutex> lock(engine.cache_mutex);
  nv::IRuntimeCache& cache = CacheOf(engine);
  if (bytes.empty()) return;
  const LogCapture log(Severity::kWarning);
  if (cache.deserialize(bytes.data(), bytes.size())) return;
  engine.runtime->recorder.clear();
  // Whatever part of it was taken is not to be trusted.
  if (!cache.reset()) engine.cache.reset();
}

std::vector<uint8_t> SerializeRuntimeCache(EngineState& engine) {
  std::lock_guard<std::mutex> lock(engine.cache_mutex);
  nv::IRuntimeCache& cache = CacheOf(engine);
  const LogCapture log(Severity::kWarning);
  nv::IHostMemory* memory = cache.serialize();
  if (!IsObject(memory)) {
    throw RunFailure("cannot serialise the runtime cache", "IRuntimeCache::serialize",
                     engine.runtime->Take(log));
  }
  const Owned<nv::IHostMemory> owned(memory);
  const auto* bytes = static_cast<const uint8_t*>(memory->data());
  return {bytes, bytes + memory->size()};
}

void AttachRuntimeCache(EngineState& engine, nv::IRuntimeConfig& config) {
  std::lock_guard<std::mutex> lock(engine.cache_mutex);
  const LogCapture log(Severity::kWarning);
  if (config.setRuntimeCache(CacheOf(engine))) return;
  throw RunFailure("refuses its runtime cache", "IRuntimeConfig::setRuntimeCache", engine.runtime->Take(log));
}

#else

void LoadRuntimeCache(EngineState& engine, const std::vector<uint8_t>& bytes) {
  throw Unsupported("IRuntimeConfig::createRuntimeCache", engine.runtime->Product(), "TensorRT-RTX 1.3");
}

std::vector<uint8_t> SerializeRuntimeCache(EngineState& engine) {
  throw Unsupported("IRuntimeCache::serialize", engine.runtime->Product(), "TensorRT-RTX 1.3");
}

#endif

}  // namespace trtn::trt::TRTN_FAMILY
