// SPDX-License-Identifier: Apache-2.0
#include "addon/chain_hub.h"

#include <algorithm>
#include <string>
#include <utility>

#include "addon/array_buffers.h"
#include "addon/device_copy.h"
#include "core/error.h"

namespace trtn {

OperatorTask::OperatorTask(uint64_t ticket, std::shared_ptr<OperatorHub> hub)
    : SessionCall(ticket, hub->delivery()), hub_(hub) {}

void OperatorTask::Perform() noexcept {
  if (is_taken_.exchange(true)) return;
  std::exception_ptr failure;
  try {
    Work();
  } catch (...) {
    failure = std::current_exception();
  }
  Finish(std::move(failure));
}

bool OperatorTask::Withdraw() noexcept { return !is_taken_.exchange(true); }

void OperatorTask::OnDelivery() noexcept {
  const auto owner = hub();
  if (owner == nullptr) return;
  owner->Forget(id());
  if (error()) owner->DropLostDevices();
}

void DeviceLane::Run(const std::shared_ptr<const chain::Chain>& chain, ChainTensors& tensors,
                     HostPool& heap) {
  DropIfLost();
  try {
    if (stream_ == nullptr) {
      auto share = std::make_shared<chain::DeviceShare>(OpenDevice(address_));
      const cuda::ScopedDevice scope = share->device->Use();
      stream_ = std::make_shared<cuda::Stream>(share->device);
      share_ = std::move(share);
    }
    chain::DeviceChain once(chain, share_, stream_, chain::GraphMode::kOff);
    once.Run(tensors.inputs, tensors.outputs, heap);
  } catch (...) {
    DropIfLost();
    throw;
  }
}

void DeviceLane::DropIfLost() noexcept {
  if (share_ == nullptr || !share_->device->is_poisoned()) return;
  stream_.reset();
  share_.reset();
}

OperatorHub::OperatorHub(Napi::Env env, Classes* classes, Napi::Function on_finished)
    : classes_(classes),
      allow_external_(AllowsExternalBuffers(env)),
      delivery_(std::make_shared<Delivery>(Completions::Of(env), on_finished)),
      heap_(std::make_shared<HostPool>(MakeHeapAllocator(), HostPool::Limits{})) {}

void OperatorHub::Start(Napi::Env env, ops::ThreadPool& threads, std::shared_ptr<OperatorTask> task) {
  if (is_stopped_ || !threads.Submit([task] { task->Perform(); }))
    throw Error(
        "ERR_TRT_RUN_CLOSED",
        "Expected a thread for an operator, but this thread of JavaScript is ending, or the system has "
        "no more threads.");
  waiting_[task->id()] = std::move(task);
  delivery_->Expect(env);
}

bool OperatorHub::Withdraw(Napi::Env env, uint64_t ticket) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end() || !found->second->Withdraw()) return false;
  waiting_.erase(found);
  targets_.erase(ticket);
  delivery_->Forget(env);
  return true;
}

Napi::Reference<Napi::Array> OperatorHub::TakeTargets(uint64_t ticket) {
  const auto found = targets_.find(ticket);
  if (found == targets_.end()) return {};
  Napi::Reference<Napi::Array> targets = std::move(found->second);
  targets_.erase(found);
  return targets;
}

DeviceLane& OperatorHub::LaneOf(const DeviceAddress& address) {
  for (auto& [known, lane] : lanes_) {
    if (known == address) return *lane;
  }
  lanes_.emplace_back(address, std::make_unique<DeviceLane>(address));
  return *lanes_.back().second;
}

void OperatorHub::DropLostDevices() {
  for (auto& [address, lane] : lanes_) lane->thread().Submit([one = lane.get()] { one->DropIfLost(); });
}

uint32_t OperatorHub::Prepare(ChainRequest request) {
  auto prepared = std::make_shared<PreparedOperator>(std::move(request));
  // Where the numbers begin again, some may still be in use.
  while (prepared_.count(next_prepared_) > 0) ++next_prepared_;
  prepared_.emplace(next_prepared_, std::move(prepared));
  return next_prepared_++;
}

const std::shared_ptr<PreparedOperator>& OperatorHub::PreparedOf(uint32_t number) const {
  const auto found = prepared_.find(number);
  if (found == prepared_.end())
    throw Error("ERR_TRT_RUN_FAILED", "There is no prepared operator " + std::to_string(number) + ".");
  return found->second;
}

std::shared_ptr<ops::ThreadPool> OperatorHub::MakeThread() {
  const auto is_gone = [](const std::weak_ptr<ops::ThreadPool>& thread) { return thread.expired(); };
  chain_threads_.erase(std::remove_if(chain_threads_.begin(), chain_threads_.end(), is_gone),
                       chain_threads_.end());
  auto thread = std::make_shared<ops::ThreadPool>(1);
  chain_threads_.push_back(thread);
  return thread;
}

void OperatorHub::Retire(std::shared_ptr<ops::ThreadPool> thread, std::shared_ptr<chain::DeviceChain> chain) {
  // Where it is refused, both go here.
  cpu_.Submit([thread = std::move(thread), chain = std::move(chain)]() mutable {
    chain.reset();
    thread.reset();
  });
}

void OperatorHub::Stop() {
  is_stopped_ = true;
  for (auto& [address, lane] : lanes_) lane->thread().Stop();
  for (const std::weak_ptr<ops::ThreadPool>& weak : chain_threads_) {
    if (const auto thread = weak.lock()) thread->Stop();
  }
  cpu_.Stop();
  waiting_.clear();
  targets_.clear();
  prepared_.clear();
  lanes_.clear();
}

}  // namespace trtn
