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
  /// What JavaScript gets of a call that succeeded. JavaScript thread.
  virtual Napi::Value Result(Napi::Env env) { return env.Undefined(); }

 private:
  std::shared_ptr<Delivery> delivery_;
  std::exception_ptr error_;
};

/// One inference. Its inputs are either copies in `staging` or, for runs on the JavaScript thread, the
/// arrays.
class RunCall : public SessionCall {
 public:
  RunCall(uint64_t ticket, std::shared_ptr<Delivery> delivery, bool allow_external)
      : SessionCall(ticket, std::move(delivery)), allow_external_(allow_external) {}
  void Execute(ExecutionContext& context) override;
  Napi::Value Result(Napi::Env env) override;

  std::vector<TensorView> inputs;
  std::vector<OutputSlot> outputs;
  StagingPool::Block staging;

 private:
  const bool allow_external_;
};

}  // namespace trtn
