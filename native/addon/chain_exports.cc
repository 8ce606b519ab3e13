// SPDX-License-Identifier: Apache-2.0
#include "addon/chain_exports.h"

#include <memory>

#include "addon/async.h"
#include "addon/chain_hub.h"
#include "addon/chain_wrap.h"

namespace trtn {
namespace {

Napi::Value OpenOperators(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsFunction()) throw Napi::TypeError::New(env, "onFinished must be a function");
  auto hub =
      std::make_shared<OperatorHub>(env, static_cast<Classes*>(info.Data()), info[0].As<Napi::Function>());
  Completions::Of(env)->AddStopper([hub] { hub->Stop(); });
  return OperatorsWrap::Make(env, std::move(hub));
}

}  // namespace

void RegisterChains(Napi::Env env, Napi::Object exports, Classes* classes) {
  classes->operators = Napi::Persistent(OperatorsWrap::Define(env));
  classes->chain = Napi::Persistent(ChainWrap::Define(env));
  exports.Set("openOperators", Napi::Function::New(env, OpenOperators, "openOperators", classes));
}

}  // namespace trtn
