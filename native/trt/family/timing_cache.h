// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "trt/family/build_session.h"

namespace trtn::trt::TRTN_FAMILY {

/// Attaches the request's timing cache, or an empty one where the library refuses it (made by another version
/// or on another GPU; then a warning is logged). Null if the request wants none. The cache must outlive
/// `config`.
Owned<nv::ITimingCache> AttachTimingCache(const BuildSession& session, nv::IBuilderConfig& config);

/// The cache's bytes after a build.
std::vector<uint8_t> Serialize(const BuildSession& session, const nv::ITimingCache& cache);

}  // namespace trtn::trt::TRTN_FAMILY
