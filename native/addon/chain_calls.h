// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "addon/chain_hub.h"
#include "addon/chain_request.h"
#include "addon/prepared_operator.h"

namespace trtn {

/// A call with tensors.
class ChainCall : public OperatorTask {
 public:
  ChainCall(uint64_t ticket, const std::shared_ptr<OperatorHub>& hub, ChainTensors tensors)
      : OperatorTask(ticket, hub), cpu_(hub->cpu()), heap_(hub->heap()), tensors_(std::move(tensors)) {}
  /// NativeOperatorOutputs of lib/binding/contract.ts.
  Napi::Value Result(Napi::Env env) override;
  void OnDelivery() noexcept override;

 protected:
  void Work() final;
  virtual void Run() = 0;

  ops::ThreadPool& cpu() { return cpu_; }
  HostPool& heap() { return *heap_; }
  ChainTensors& tensors() { return tensors_; }

 private:
  void ReleaseMemory();
  void CopyOutputs(Napi::Env env, Napi::Array targets);

  /// Of the hub, whose threads end before it does.
  ops::ThreadPool& cpu_;
  const std::shared_ptr<HostPool> heap_;
  ChainTensors tensors_;
};

/// One run of a prepared operator.
class SingleCall final : public ChainCall {
 public:
  /// `lane`: null for the CPU.
  SingleCall(uint64_t ticket, const std::shared_ptr<OperatorHub>& hub, ChainTensors tensors,
             std::shared_ptr<PreparedOperator> prepared, DeviceLane* lane)
      : ChainCall(ticket, hub, std::move(tensors)), prepared_(std::move(prepared)), lane_(lane) {}

 private:
  void Run() override;

  const std::shared_ptr<PreparedOperator> prepared_;
  DeviceLane* const lane_;
};

/// A chain that was made, shared by its object and its calls.
struct MadeChain {
  std::shared_ptr<const chain::Chain> chain;
  ChainShapes shapes;
  int threads = 0;
  std::optional<DeviceAddress> device;
  /// Null on the CPU.
  std::shared_ptr<chain::DeviceChain> on_device;
  /// Runs on the CPU.
  std::atomic<uint64_t> cpu_runs{0};
};

/// One run of a chain.
class ChainRunCall final : public ChainCall {
 public:
  ChainRunCall(uint64_t ticket, const std::shared_ptr<OperatorHub>& hub, ChainTensors tensors,
               std::shared_ptr<MadeChain> made)
      : ChainCall(ticket, hub, std::move(tensors)), made_(std::move(made)) {}

 private:
  void Run() override;

  const std::shared_ptr<MadeChain> made_;
};

/// Makes a chain.
class ChainCreateCall final : public OperatorTask {
 public:
  /// `thread`: the chain's own; null on the CPU.
  ChainCreateCall(uint64_t ticket, const std::shared_ptr<OperatorHub>& hub, ChainRequest request,
                  std::shared_ptr<ops::ThreadPool> thread)
      : OperatorTask(ticket, hub), request_(std::move(request)), thread_(std::move(thread)) {}
  Napi::Value Result(Napi::Env env) override;
  void OnDelivery() noexcept override;

 private:
  void Work() override;

  ChainRequest request_;
  /// JavaScript thread only: gone before the last reference to this object is, which the thread itself may
  /// have.
  std::shared_ptr<ops::ThreadPool> thread_, delivered_thread_;
  std::shared_ptr<MadeChain> made_;
};

/// Gives back what a chain has.
class ChainCloseCall final : public OperatorTask {
 public:
  ChainCloseCall(uint64_t ticket, const std::shared_ptr<OperatorHub>& hub, std::shared_ptr<MadeChain> made,
                 std::shared_ptr<ops::ThreadPool> thread)
      : OperatorTask(ticket, hub), made_(std::move(made)), thread_(std::move(thread)) {}

 private:
  void Work() override {
    thread_.reset();
    made_.reset();
  }

  std::shared_ptr<MadeChain> made_;
  std::shared_ptr<ops::ThreadPool> thread_;
};

}  // namespace trtn
