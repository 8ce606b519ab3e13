// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>

#include "addon/async.h"
#include "addon/session_state.h"

namespace trtn {

/// NativeSession of lib/binding/contract.ts.
class SessionWrap : public Napi::ObjectWrap<SessionWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  /// `model_bytes` is what V8 shall count for the model.
  static Napi::Object Make(Napi::Env env, std::shared_ptr<SessionState> state, int64_t model_bytes);
  explicit SessionWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}
  ~SessionWrap() override;
  void Finalize(Napi::BasicEnv env) override;

 private:
  void Fill(Napi::Env env, std::shared_ptr<SessionState> state, int64_t model_bytes);
  void RequireState(Napi::Env env) const;
  /// Queues a call that the function makes; what it throws of ours reaches JavaScript with its code.
  template <class MakeCall>
  void Enqueue(const Napi::CallbackInfo& info, MakeCall make_call);
  /// Fills in arguments `first` (inputs), the next (dims) and the next (targets).
  void ReadArguments(const Napi::CallbackInfo& info, size_t first, RunCall& call);

  void Submit(const Napi::CallbackInfo& info);
  void SubmitTraced(const Napi::CallbackInfo& info);
  Napi::Value RunSync(const Napi::CallbackInfo& info);
  Napi::Value Withdraw(const Napi::CallbackInfo& info);
  void Bind(const Napi::CallbackInfo& info);
  void Query(const Napi::CallbackInfo& info);
  void Refit(const Napi::CallbackInfo& info);
  Napi::Value Counters(const Napi::CallbackInfo& info);
  Napi::Value GraphFailures(const Napi::CallbackInfo& info);
  Napi::Value TakeStageTimes(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  std::shared_ptr<SessionState> state_;
  std::shared_ptr<Completions> completions_;
  Completions::StopperId stopper_ = 0;
  int64_t model_bytes_ = 0;
};

}  // namespace trtn
