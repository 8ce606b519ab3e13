// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "ops/workers.h"

namespace trtn::numerics {

enum class KMeansMethod { kAuto, kExact, kLloyd };

struct KMeansRequest {
  /// All finite.
  const float* values = nullptr;
  /// Null, or one for each value, finite and not negative.
  const float* weights = nullptr;
  int64_t count = 0;
  int64_t clusters = 1;
  uint32_t seed = 0;
  KMeansMethod method = KMeansMethod::kAuto;
  /// Different values times clusters up to which kAuto and kExact look for the optimum.
  int64_t exact_limit = 0, exact_most = 0;
};

struct KMeansResult {
  /// As many as there are clusters, ascending.
  int64_t clusters;
  double error;
};

/// Clusters in one dimension, the same bits as lib/numerics/k-means.ts on any number of threads. `centers`
/// has room for `request.clusters`, `indices` for `request.count`. Throws ERR_TRT_ARG_VALUE where kExact
/// would take too much.
KMeansResult KMeans(ops::Workers& workers, const KMeansRequest& request, float* centers, uint16_t* indices);

}  // namespace trtn::numerics
