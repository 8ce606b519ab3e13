// SPDX-License-Identifier: Apache-2.0
//
// The calls of a JavaScript session and their way back. A call is made on the JavaScript thread, executes on
// a thread of the session, and ends in Delivery, which hands everything that has ended to JavaScript in one
// crossing.
#pragma once

#include <napi.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "addon/async.h"
#include "addon/result_maker.h"
#include "core/memory.h"
#include "core/session.h"

namespace trtn {

class SessionCall;

/// Collects ended calls and gives them to a JavaScript function as [ticket, error, result, ticket, ...].
class Delivery : public std::enable_shared_from_this<Delivery> {
 public:
  Delivery(std::shared_ptr<Completions> completions, Napi::Function on_finished);

  /// Counts a call that will come to Add(); keeps the event loop alive. JavaScript thread.
  void Expect(Napi::Env env) { completions_->BeginWork(env); }
  /// Takes Expect() back for a call that will not come. JavaScript thread.
  void Forget(Napi::Env env) { completions_->EndWork(env); }
  /// Any thread.
  void Add(std::shared_ptr<SessionCall> call) noexcept;
  /// Gives JavaScript what has ended; called for the wake-up that Add() asked for. JavaScript thread.
  void Deliver(Napi::Env env);
  /// Forgets what has ended, where the environment went away before its wake-up: the calls hold this object,
  /// which holds them.
  void Drop() noexcept;

 private:
  std::shared_ptr<Completions> completions_;
  Napi::FunctionReference on_finished_;
  std::mutex mutex_;
  bool is_posted_ = false;
  std::vector<std::shared_ptr<SessionCall>> finished_;
};

/// A call with a ticket.
class SessionCall : public Call, public std::enable_shared_from_this<SessionCall> {
 public:
  SessionCall(uint64_t ticket, std::shared_ptr<Delivery> delivery)
      : Call(ticket), delivery_(std::move(delivery)) {}
  void Execute(ExecutionContext&) override {}
  void Finish(std::exception_ptr error) noexcept override {
    error_ = std::move(error);
    delivery_->Add(shared_from_this());
  }
  const std::exception_ptr& error() const { return error_; }
  /// The call has ended, JavaScript is about to hear of it. JavaScript thread.
  virtual void OnDelivery() noexcept {}
  /// What JavaScript gets of a call that succeeded; an empty value means undefined. JavaScript thread.
  virtual Napi::Value Result(Napi::Env) { return {}; }

 private:
  std::shared_ptr<Delivery> delivery_;
  std::exception_ptr error_;
};

/// One inference. Its inputs in host memory are copies in `staging` or, for runs on the JavaScript thread,
/// may be the caller's arrays.
class RunCall : public SessionCall {
 public:
  RunCall(uint64_t ticket, std::shared_ptr<Delivery> delivery, std::shared_ptr<ResultMaker> maker)
      : SessionCall(ticket, std::move(delivery)), maker_(std::move(maker)) {}
  void Execute(ExecutionContext& context) override;
  Napi::Value Result(Napi::Env env) override;

  std::vector<TensorView> inputs;
  std::vector<OutputSlot> outputs;
  HostPool::Block staging;
  /// Device memory of inputs: lives until the run has ended, also when its object is closed before.
  std::vector<std::shared_ptr<void>> device_inputs;

 protected:
  virtual void Run(ExecutionContext& context) { context.Run(inputs, outputs); }
  ResultMaker& maker() const { return *maker_; }
  /// NativeOutputs of lib/binding/contract.ts; empty where the backend has allocated nothing.
  Napi::Value MakeOutputs(Napi::Env env);

 private:
  void ReleaseInputs();

  const std::shared_ptr<ResultMaker> maker_;
};

}  // namespace trtn
