// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "numerics/clusters/sorted_values.h"

namespace trtn::numerics {

/// Positions where the `clusters` ranges of the optimum begin, 0 first: lib/numerics/exact-clusters.ts.
/// `starts` are the positions where each different value begins, at least as many. Takes 4 bytes for each of
/// them and each cluster.
std::vector<int64_t> ExactStarts(ops::Workers& workers, const SortedValues& sorted,
                                 const std::vector<int64_t>& starts, int64_t clusters);

}  // namespace trtn::numerics
