// SPDX-License-Identifier: Apache-2.0
#include "addon/chain_wrap.h"

#include <utility>

#include "addon/call_arguments.h"
#include "addon/errors.h"
#include "core/error.h"

namespace trtn {
namespace {

/// Runs `body`; what it throws of ours reaches JavaScript with its code.
template <class Body>
void WithErrors(Napi::Env env, Body body) {
  try {
    body();
  } catch (const Error& error) {
    ThrowToJs(env, error);
  }
}

}  // namespace

Napi::Function OperatorsWrap::Define(Napi::Env env) {
  return DefineClass(
      env, "NativeOperators",
      {InstanceMethod<&OperatorsWrap::Prepare>("prepare"), InstanceMethod<&OperatorsWrap::Forget>("forget"),
       InstanceMethod<&OperatorsWrap::Run>("run"), InstanceMethod<&OperatorsWrap::Withdraw>("withdraw"),
       InstanceMethod<&OperatorsWrap::CreateChain>("createChain")});
}

Napi::Object OperatorsWrap::Make(Napi::Env env, std::shared_ptr<OperatorHub> hub) {
  Napi::Object object = hub->classes()->operators.New({});
  Unwrap(object)->hub_ = std::move(hub);
  return object;
}

Napi::Value OperatorsWrap::Prepare(const Napi::CallbackInfo& info) {
  uint32_t number = 0;
  WithErrors(info.Env(), [&] { number = hub_->Prepare(ReadChainRequest(info[0].As<Napi::Object>())); });
  return Napi::Number::New(info.Env(), number);
}

void OperatorsWrap::Forget(const Napi::CallbackInfo& info) {
  hub_->ForgetPrepared(info[0].As<Napi::Number>().Uint32Value());
}

void OperatorsWrap::Run(const Napi::CallbackInfo& info) {
  WithErrors(info.Env(), [&] {
    const std::shared_ptr<PreparedOperator> prepared =
        hub_->PreparedOf(info[1].As<Napi::Number>().Uint32Value());
    const auto targets = info[3].As<Napi::Array>();
    ChainTensors tensors =
        ReadChainTensors(prepared->shapes(), info[2].As<Napi::Array>(), targets, *hub_->heap());
    const bool keeps_targets = !tensors.copied_outputs.empty();
    DeviceLane* lane = tensors.device ? &hub_->LaneOf(*tensors.device) : nullptr;
    ops::ThreadPool& threads = lane != nullptr ? lane->thread() : hub_->cpu();
    hub_->Start(info.Env(), threads,
                std::make_shared<SingleCall>(TicketOf(info), hub_, std::move(tensors), prepared, lane));
    if (keeps_targets) hub_->KeepTargets(TicketOf(info), targets);
  });
}

Napi::Value OperatorsWrap::Withdraw(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), hub_->Withdraw(info.Env(), TicketOf(info)));
}

void OperatorsWrap::CreateChain(const Napi::CallbackInfo& info) {
  WithErrors(info.Env(), [&] {
    ChainRequest request = ReadChainRequest(info[1].As<Napi::Object>());
    const std::shared_ptr<ops::ThreadPool> thread = request.device ? hub_->MakeThread() : nullptr;
    ops::ThreadPool& threads = thread != nullptr ? *thread : hub_->cpu();
    hub_->Start(info.Env(), threads,
                std::make_shared<ChainCreateCall>(TicketOf(info), hub_, std::move(request), thread));
  });
}

Napi::Function ChainWrap::Define(Napi::Env env) {
  return DefineClass(
      env, "NativeChain",
      {InstanceMethod<&ChainWrap::Run>("run"), InstanceMethod<&ChainWrap::Statistics>("statistics"),
       InstanceMethod<&ChainWrap::Close>("close")});
}

Napi::Object ChainWrap::Make(Napi::Env env, std::shared_ptr<OperatorHub> hub, std::shared_ptr<MadeChain> made,
                             std::shared_ptr<ops::ThreadPool> thread) {
  Napi::Object object = hub->classes()->chain.New({});
  ChainWrap* self = Unwrap(object);
  self->hub_ = std::move(hub);
  self->made_ = std::move(made);
  self->thread_ = std::move(thread);
  return object;
}

void ChainWrap::Finalize(Napi::BasicEnv) {
  // Not closed: nobody waits for it.
  if (thread_ != nullptr) hub_->Retire(std::move(thread_), std::move(made_->on_device));
}

void ChainWrap::RequireOpen(Napi::Env env) const {
  if (made_ == nullptr) ThrowToJs(env, Error("ERR_TRT_RUN_CLOSED", "The chain is closed."));
}

void ChainWrap::Run(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  WithErrors(info.Env(), [&] {
    const auto targets = info[2].As<Napi::Array>();
    ChainTensors tensors = ReadChainTensors(made_->shapes, info[1].As<Napi::Array>(), targets, *hub_->heap());
    const bool keeps_targets = !tensors.copied_outputs.empty();
    if (tensors.device && (!made_->device || !(*tensors.device == *made_->device)))
      throw Error("ERR_TRT_RUN_DEVICE_TENSOR",
                  "The chain was given a device tensor on cuda:" + std::to_string(tensors.device->ordinal) +
                      ", but it does not run there.");
    tensors.device = made_->device;
    ops::ThreadPool& threads = thread_ != nullptr ? *thread_ : hub_->cpu();
    hub_->Start(info.Env(), threads,
                std::make_shared<ChainRunCall>(TicketOf(info), hub_, std::move(tensors), made_));
    if (keeps_targets) hub_->KeepTargets(TicketOf(info), targets);
  });
}

Napi::Value ChainWrap::Statistics(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  chain::ChainCounters counters;
  if (made_->on_device != nullptr) counters = made_->on_device->counters();
  if (made_->on_device == nullptr) counters.runs = made_->cpu_runs;
  Napi::Object statistics = Napi::Object::New(info.Env());
  statistics.Set("runs", static_cast<double>(counters.runs));
  statistics.Set("graphCaptures", static_cast<double>(counters.graph_captures));
  statistics.Set("graphLaunches", static_cast<double>(counters.graph_launches));
  statistics.Set("memoryBytes", static_cast<double>(made_->chain->memory_bytes()));
  statistics.Set("graphRefusal", counters.graph_refusal);
  return statistics;
}

void ChainWrap::Close(const Napi::CallbackInfo& info) {
  RequireOpen(info.Env());
  WithErrors(info.Env(), [&] {
    hub_->Start(info.Env(), hub_->cpu(),
                std::make_shared<ChainCloseCall>(TicketOf(info), hub_, std::move(made_), std::move(thread_)));
  });
}

}  // namespace trtn
