// SPDX-License-Identifier: Apache-2.0
#include "chain/chain_cpu.h"

#include <new>
#include <string>

#include "core/error.h"

namespace trtn::chain {
namespace {

HostPool::Block Acquire(HostPool& pool, size_t bytes, const char* purpose) {
  try {
    return pool.Acquire(bytes);
  } catch (const std::bad_alloc&) {
    throw Error("ERR_TRT_RUN_FAILED", std::string("Expected ") + std::to_string(bytes) +
                                          " bytes of memory for " + purpose +
                                          ", but the system gave none. Run fewer rows at once.");
  }
}

}  // namespace

TensorView PlaceHostOutput(OutputSlot& slot, const TensorView& value, HostPool& pool) {
  if (slot.view.data != nullptr) return slot.view;
  slot.owned.view = value;
  slot.owned.owner = HostPool::Share(Acquire(pool, value.bytes, "a result of an operator"));
  slot.owned.view.data = slot.owned.owner.get();
  return slot.owned.view;
}

void RunChainOnCpu(const Chain& chain, const std::vector<TensorView>& inputs,
                   std::vector<OutputSlot>& outputs, HostPool& pool, ops::Workers& workers) {
  std::vector<TensorView> targets;
  for (size_t i = 0; i < outputs.size(); ++i)
    targets.push_back(PlaceHostOutput(outputs[i], chain.value(chain.outputs()[i]), pool));
  HostPool::Block memory;
  if (chain.memory_bytes() > 0) memory = Acquire(pool, chain.memory_bytes(), "values between operators");
  for (const Chain::Step& step : chain.steps()) {
    if (!chain.MakesNothing(step))
      step.work->RunOnCpu(chain.Bind(step, inputs, targets, memory.data()), workers);
  }
}

}  // namespace trtn::chain
