// SPDX-License-Identifier: Apache-2.0
#include "trt/family/timing_cache.h"

#include "trt/build_failure.h"

namespace trtn::trt::TRTN_FAMILY {
namespace {

Owned<nv::ITimingCache> Attach(nv::IBuilderConfig& config, const std::vector<uint8_t>& bytes) {
  nv::ITimingCache* cache = config.createTimingCache(bytes.empty() ? nullptr : bytes.data(), bytes.size());
  if (!IsObject(cache)) return nullptr;
  Owned<nv::ITimingCache> owned(cache);
  if (!config.setTimingCache(*cache, false)) return nullptr;
  return owned;
}

}  // namespace

Owned<nv::ITimingCache> AttachTimingCache(const BuildSession& session, nv::IBuilderConfig& config) {
  const BuildRequest& request = session.request;
  if (!request.use_timing_cache && request.timing_cache.empty()) return nullptr;
#if TRTN_IS_RTX
  session.log.Add(Severity::kWarning,
                  session.Product() + " times no tactics: the timing cache has no effect.");
#endif
  Owned<nv::ITimingCache> cache = Attach(config, request.timing_cache);
  if (!cache && !request.timing_cache.empty()) {
    session.log.Add(
        Severity::kWarning,
        "The timing cache is of another TensorRT version or GPU, or damaged: an empty one is used.");
    cache = Attach(config, {});
  }
  if (!cache) throw BuildFailure("IBuilderConfig::setTimingCache", session.log.Lines());
  return cache;
}

std::vector<uint8_t> Serialize(const BuildSession& session, const nv::ITimingCache& cache) {
  nv::IHostMemory* memory = cache.serialize();
  if (!IsObject(memory)) throw BuildFailure("ITimingCache::serialize", session.log.Lines());
  Owned<nv::IHostMemory> owned(memory);
  const auto* bytes = static_cast<const uint8_t*>(memory->data());
  return {bytes, bytes + memory->size()};
}

}  // namespace trtn::trt::TRTN_FAMILY
