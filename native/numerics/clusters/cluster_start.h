// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "numerics/clusters/sorted_values.h"

namespace trtn::numerics {

/// Positions where `count` ranges begin, 0 first, as k-means++ draws them: lib/numerics/cluster-start.ts,
/// with the same random numbers. There are at least as many different values.
std::vector<int64_t> PlusPlusStarts(const SortedValues& sorted, int64_t count, uint32_t seed);

}  // namespace trtn::numerics
