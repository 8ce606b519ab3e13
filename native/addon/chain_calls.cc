// SPDX-License-Identifier: Apache-2.0
#include "addon/chain_calls.h"

#include <cstring>
#include <utility>

#include "addon/array_buffers.h"
#include "addon/chain_wrap.h"
#include "addon/device_copy.h"
#include "chain/chain_cpu.h"

namespace trtn {

void ChainCall::Work() {
  try {
    Run();
  } catch (...) {
    ReleaseMemory();
    throw;
  }
  ReleaseMemory();
}

void ChainCall::ReleaseMemory() {
  // For the next call, rather than when JavaScript gets to this one; and device memory is not given back on
  // the event loop.
  tensors_.memory.clear();
  tensors_.staging.Release();
}

void ChainCall::OnDelivery() noexcept {
  OperatorTask::OnDelivery();
  const auto owner = hub();
  if (error() && owner != nullptr) owner->TakeTargets(id());
}

void ChainCall::CopyOutputs(Napi::Env env, Napi::Array targets) {
  for (uint32_t index : tensors_.copied_outputs) {
    OwnedOutput owned = std::move(tensors_.outputs[index].owned);
    const ArrayMemory memory = MemoryOf(env, targets.Get(index));
    // Gone, or smaller now: TypeScript tells.
    if (memory.bytes == owned.view.bytes && memory.bytes > 0)
      std::memcpy(memory.data, owned.view.data, memory.bytes);
  }
}

Napi::Value ChainCall::Result(Napi::Env env) {
  const std::shared_ptr<OperatorHub> owner = hub();
  if (!tensors_.copied_outputs.empty()) CopyOutputs(env, owner->TakeTargets(id()).Value().As<Napi::Array>());
  ResultMaker maker;
  maker.classes = owner->classes();
  maker.allow_external = owner->allow_external();
  maker.device = tensors_.device;
  Napi::Array made = Napi::Array::New(env, tensors_.outputs.size());
  for (uint32_t i = 0; i < tensors_.outputs.size(); ++i) {
    OwnedOutput& owned = tensors_.outputs[i].owned;
    if (owned.owner == nullptr) continue;
    if (owned.view.place == MemoryPlace::kDevice) {
      made.Set(i, maker.MakeOutput(env, std::move(owned)));
    } else {
      // Without its dims: TypeScript has planned them.
      made.Set(i, maker.MakeBuffer(env, std::move(owned)));
    }
  }
  return made;
}

void SingleCall::Run() {
  const std::shared_ptr<const chain::Chain> chain = prepared_->chain();
  if (lane_ != nullptr) return lane_->Run(chain, tensors(), heap());
  ops::PoolWorkers workers(cpu(), prepared_->threads());
  chain::RunChainOnCpu(*chain, tensors().inputs, tensors().outputs, heap(), workers);
}

void ChainRunCall::Run() {
  if (made_->on_device != nullptr) return made_->on_device->Run(tensors().inputs, tensors().outputs, heap());
  ops::PoolWorkers workers(cpu(), made_->threads);
  chain::RunChainOnCpu(*made_->chain, tensors().inputs, tensors().outputs, heap(), workers);
  ++made_->cpu_runs;
}

void ChainCreateCall::Work() {
  auto made = std::make_shared<MadeChain>();
  made->shapes = ShapesOf(request_.spec);
  made->threads = request_.threads;
  made->device = request_.device;
  made->chain = std::make_shared<const chain::Chain>(std::move(request_.spec));
  if (request_.device) {
    const auto share = std::make_shared<chain::DeviceShare>(OpenDevice(*request_.device));
    const cuda::ScopedDevice scope = share->device->Use();
    made->on_device = std::make_shared<chain::DeviceChain>(
        made->chain, share, std::make_shared<cuda::Stream>(share->device), request_.graphs);
  }
  made_ = std::move(made);
}

void ChainCreateCall::OnDelivery() noexcept {
  OperatorTask::OnDelivery();
  delivered_thread_ = std::move(thread_);
  if (error() && delivered_thread_ != nullptr) hub()->Retire(std::move(delivered_thread_), nullptr);
}

Napi::Value ChainCreateCall::Result(Napi::Env env) {
  return ChainWrap::Make(env, hub(), std::move(made_), std::move(delivered_thread_));
}

}  // namespace trtn
