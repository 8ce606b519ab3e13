// SPDX-License-Identifier: Apache-2.0
//
// The operators of one environment: their threads, their calls, and what they share. One operator can take
// less time than starting a thread, so that threads are kept until the environment ends.
#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "addon/chain_request.h"
#include "addon/classes.h"
#include "addon/prepared_operator.h"
#include "addon/session_calls.h"
#include "chain/chain_device.h"
#include "ops/thread_pool.h"

namespace trtn {

class OperatorHub;

/// Work of operators with a ticket.
class OperatorTask : public SessionCall {
 public:
  OperatorTask(uint64_t ticket, std::shared_ptr<OperatorHub> hub);
  /// On a thread of the hub: does the work unless it was withdrawn.
  void Perform() noexcept;
  /// False once it has started. JavaScript thread.
  bool Withdraw() noexcept;
  void OnDelivery() noexcept override;

 protected:
  virtual void Work() = 0;
  /// JavaScript thread only; weak, so that no thread of the hub ever owns it.
  std::shared_ptr<OperatorHub> hub() const { return hub_.lock(); }

 private:
  const std::weak_ptr<OperatorHub> hub_;
  std::atomic<bool> is_taken_{false};
};

/// Operators on one device that are not part of a chain: one thread, one stream.
class DeviceLane {
 public:
  explicit DeviceLane(DeviceAddress address) : address_(std::move(address)) {}
  ops::ThreadPool& thread() { return thread_; }
  /// On its thread. Opens the device at first use, and again after a failure.
  void Run(const std::shared_ptr<const chain::Chain>& chain, ChainTensors& tensors, HostPool& heap);

  /// Lets go of a lost device: it can be had again when nobody holds it. On its thread.
  void DropIfLost() noexcept;

 private:
  const DeviceAddress address_;
  std::shared_ptr<chain::DeviceShare> share_;
  std::shared_ptr<cuda::Stream> stream_;
  // Last: its thread ends before what it uses.
  ops::ThreadPool thread_{1};
};

/// Belongs to the JavaScript thread, but for cpu() and heap().
class OperatorHub : public std::enable_shared_from_this<OperatorHub> {
 public:
  OperatorHub(Napi::Env env, Classes* classes, Napi::Function on_finished);

  ops::ThreadPool& cpu() { return cpu_; }
  const std::shared_ptr<HostPool>& heap() const { return heap_; }
  const std::shared_ptr<Delivery>& delivery() const { return delivery_; }
  Classes* classes() const { return classes_; }
  bool allow_external() const { return allow_external_; }

  /// Queues the task. Throws ERR_TRT_RUN_CLOSED where the environment is ending or the system has no thread.
  void Start(Napi::Env env, ops::ThreadPool& threads, std::shared_ptr<OperatorTask> task);
  /// As NativeOperators.withdraw().
  bool Withdraw(Napi::Env env, uint64_t ticket);
  void Forget(uint64_t ticket) { waiting_.erase(ticket); }
  /// Keeps the arrays of a call that its results are copied to.
  void KeepTargets(uint64_t ticket, Napi::Array targets) { targets_[ticket] = Napi::Persistent(targets); }
  /// What KeepTargets() was given, empty for other calls.
  Napi::Reference<Napi::Array> TakeTargets(uint64_t ticket);
  DeviceLane& LaneOf(const DeviceAddress& address);
  /// Lets the lanes go of lost devices. After a failed call, which may have been the one that lost it.
  void DropLostDevices();

  /// As NativeOperators.prepare().
  uint32_t Prepare(ChainRequest request);
  /// As NativeOperators.forget().
  void ForgetPrepared(uint32_t number) { prepared_.erase(number); }
  /// Throws ERR_TRT_RUN_FAILED for a number that is not known.
  const std::shared_ptr<PreparedOperator>& PreparedOf(uint32_t number) const;

  /// A thread for one chain. The hub stops it when the environment ends.
  std::shared_ptr<ops::ThreadPool> MakeThread();
  /// Ends the thread and gives back what the chain has, off the event loop.
  void Retire(std::shared_ptr<ops::ThreadPool> thread, std::shared_ptr<chain::DeviceChain> chain);

  /// Waits for what runs; what waits is dropped.
  void Stop();

 private:
  Classes* const classes_;
  const bool allow_external_;
  bool is_stopped_ = false;
  const std::shared_ptr<Delivery> delivery_;
  const std::shared_ptr<HostPool> heap_;
  std::unordered_map<uint64_t, std::shared_ptr<OperatorTask>> waiting_;
  /// Not in the calls: their last reference may be one of a thread.
  std::unordered_map<uint64_t, Napi::Reference<Napi::Array>> targets_;
  std::unordered_map<uint32_t, std::shared_ptr<PreparedOperator>> prepared_;
  uint32_t next_prepared_ = 1;
  std::vector<std::pair<DeviceAddress, std::unique_ptr<DeviceLane>>> lanes_;
  std::vector<std::weak_ptr<ops::ThreadPool>> chain_threads_;
  ops::ThreadPool cpu_;
};

}  // namespace trtn
