// SPDX-License-Identifier: Apache-2.0
#include "chain/chain_cpu.h"

namespace trtn::chain {

TensorView PlaceHostOutput(OutputSlot& slot, const TensorView& value, HostPool& pool) {
  if (slot.view.data != nullptr) return slot.view;
  slot.owned.view = value;
  slot.owned.owner = HostPool::Share(pool.Acquire(value.bytes));
  slot.owned.view.data = slot.owned.owner.get();
  return slot.owned.view;
}

void RunChainOnCpu(const Chain& chain, const std::vector<TensorView>& inputs,
                   std::vector<OutputSlot>& outputs, HostPool& pool, ops::Workers& workers) {
  std::vector<TensorView> targets;
  for (size_t i = 0; i < outputs.size(); ++i)
    targets.push_back(PlaceHostOutput(outputs[i], chain.value(chain.outputs()[i]), pool));
  HostPool::Block memory;
  if (chain.memory_bytes() > 0) memory = pool.Acquire(chain.memory_bytes());
  for (const Chain::Step& step : chain.steps())
    step.work->RunOnCpu(chain.Bind(step, inputs, targets, memory.data()), workers);
}

}  // namespace trtn::chain
