// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>

#include "addon/chain_calls.h"
#include "addon/chain_hub.h"

namespace trtn {

/// NativeOperators of lib/binding/contract.ts.
class OperatorsWrap : public Napi::ObjectWrap<OperatorsWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  static Napi::Object Make(Napi::Env env, std::shared_ptr<OperatorHub> hub);
  explicit OperatorsWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

 private:
  Napi::Value Prepare(const Napi::CallbackInfo& info);
  void Forget(const Napi::CallbackInfo& info);
  void Run(const Napi::CallbackInfo& info);
  Napi::Value Withdraw(const Napi::CallbackInfo& info);
  void CreateChain(const Napi::CallbackInfo& info);

  std::shared_ptr<OperatorHub> hub_;
};

/// NativeChain of lib/binding/contract.ts.
class ChainWrap : public Napi::ObjectWrap<ChainWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  /// `thread`: of a chain on a device.
  static Napi::Object Make(Napi::Env env, std::shared_ptr<OperatorHub> hub, std::shared_ptr<MadeChain> made,
                           std::shared_ptr<ops::ThreadPool> thread);
  explicit ChainWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}
  void Finalize(Napi::BasicEnv env) override;

 private:
  void Run(const Napi::CallbackInfo& info);
  Napi::Value Statistics(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  void RequireOpen(Napi::Env env) const;

  std::shared_ptr<OperatorHub> hub_;
  std::shared_ptr<MadeChain> made_;
  std::shared_ptr<ops::ThreadPool> thread_;
};

}  // namespace trtn
