// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "numerics/clusters/sorted_values.h"

namespace trtn::numerics {

/// Better starts of ranges, none of them empty, by Lloyd's steps over sorted values: lib/numerics/lloyd.ts.
void ImproveStarts(const SortedValues& sorted, std::vector<int64_t>& starts);

}  // namespace trtn::numerics
