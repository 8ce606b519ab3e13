// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "chain/chain.h"
#include "core/executable.h"
#include "core/memory.h"
#include "ops/workers.h"

namespace trtn::chain {

/// Runs a chain on the calling thread and `workers`. Outputs with memory (`view.data`) are written in place,
/// for the others `owned` gets memory of `pool`. Any number of runs of one chain at once.
void RunChainOnCpu(const Chain& chain, const std::vector<TensorView>& inputs,
                   std::vector<OutputSlot>& outputs, HostPool& pool, ops::Workers& workers);

/// Gives an output without memory some of `pool`, and returns where it is.
TensorView PlaceHostOutput(OutputSlot& slot, const TensorView& value, HostPool& pool);

}  // namespace trtn::chain
