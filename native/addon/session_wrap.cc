// SPDX-License-Identifier: Apache-2.0
#include "addon/session_wrap.h"

#include <utility>

#include "addon/bind_call.h"
#include "addon/call_arguments.h"
#include "addon/convert.h"
#include "addon/errors.h"
#include "addon/query_call.h"
#include "addon/refit_call.h"
#include "addon/stage_times.h"
#include "addon/traced_call.h"
#include "core/error.h"

namespace trtn {

Napi::Function SessionWrap::Define(Napi::Env env) {
  return DefineClass(
      env, "NativeSession",
      {InstanceMethod<&SessionWrap::Submit>("submit"),
       InstanceMethod<&SessionWrap::SubmitTraced>("submitTraced"),
       InstanceMethod<&SessionWrap::RunSync>("runSync"), InstanceMethod<&SessionWrap::Withdraw>("withdraw"),
       InstanceMethod<&SessionWrap::Bind>("bind"), InstanceMethod<&SessionWrap::Query>("query"),
       InstanceMethod<&SessionWrap::Refit>("refit"), InstanceMethod<&SessionWrap::Counters>("counters"),
       InstanceMethod<&SessionWrap::GraphFailures>("graphFailures"),
       InstanceMethod<&SessionWrap::TakeStageTimes>("takeStageTimes"),
       InstanceMethod<&SessionWrap::Close>("close")});
}

Napi::Object SessionWrap::Make(Napi::Env env, std::shared_ptr<SessionState> state, int64_t model_bytes) {
  Napi::Object object = state->maker->classes->session.New({});
  Unwrap(object)->Fill(env, std::move(state), model_bytes);
  return object;
}

SessionWrap::~SessionWrap() {
  if (state_ == nullptr) return;
  // A session that nobody closed: no call is in flight, since a call keeps its session.
  state_->session->Abandon();
  completions_->RemoveStopper(stopper_);
}

void SessionWrap::Finalize(Napi::BasicEnv env) {
  // Counted once, also for a session that was closed before.
  if (model_bytes_ > 0) Napi::MemoryManagement::AdjustExternalMemory(env, -std::exchange(model_bytes_, 0));
}

void SessionWrap::Fill(Napi::Env env, std::shared_ptr<SessionState> state, int64_t model_bytes) {
  state_ = std::move(state);
  model_bytes_ = model_bytes;
  Napi::MemoryManagement::AdjustExternalMemory(env, model_bytes_);
  completions_ = Completions::Of(env);
  stopper_ = completions_->AddStopper([session = state_->session] { session->Abandon(); });
  Napi::Object self = Value();
  self.Set("inputs", ToJs(env, state_->inputs));
  self.Set("outputs", ToJs(env, state_->outputs));
  self.Set("libraryVersion", state_->library_version);
  if (!state_->is_on_gpu()) return;
  self.Set("profiles", ToJs(env, state_->profiles));
  Napi::Array names = Napi::Array::New(env, state_->debug_tensors.size());
  for (uint32_t i = 0; i < state_->debug_tensors.size(); ++i) names.Set(i, state_->debug_tensors[i]);
  self.Set("debugTensors", names);
}

void SessionWrap::RequireState(Napi::Env env) const {
  if (state_ == nullptr) throw Napi::TypeError::New(env, "Illegal constructor");
}

template <class MakeCall>
void SessionWrap::Enqueue(const Napi::CallbackInfo& info, MakeCall make_call) {
  RequireState(info.Env());
  try {
    state_->session->Submit(make_call());
  } catch (const Error& error) {
    ThrowToJs(info.Env(), error);
  }
  state_->delivery->Expect(info.Env());
}

void SessionWrap::ReadArguments(const Napi::CallbackInfo& info, size_t first, RunCall& call) {
  ReadInputs(*state_, call, info[first].As<Napi::Array>(), info[first + 1]);
  ReadTargets(*state_, call, info[first + 2].As<Napi::Array>());
}

void SessionWrap::Submit(const Napi::CallbackInfo& info) {
  Enqueue(info, [&] {
    auto call = std::make_shared<RunCall>(TicketOf(info), state_->delivery, state_->maker);
    ReadArguments(info, 1, *call);
    StageInputs(*state_, *call);
    return call;
  });
}

void SessionWrap::SubmitTraced(const Napi::CallbackInfo& info) {
  Enqueue(info, [&] {
    auto call = std::make_shared<TracedCall>(TicketOf(info), state_->delivery, state_->maker,
                                             ReadTraceRequest(info[4].As<Napi::Object>()));
    ReadArguments(info, 1, *call);
    StageInputs(*state_, *call);
    return call;
  });
}

Napi::Value SessionWrap::RunSync(const Napi::CallbackInfo& info) {
  RequireState(info.Env());
  try {
    auto call = std::make_shared<RunCall>(0, state_->delivery, state_->maker);
    ReadArguments(info, 0, *call);
    // The CPU reads the arrays where they are: nothing else runs on this thread meanwhile.
    if (state_->is_on_gpu()) StageInputs(*state_, *call);
    state_->session->RunNow(*call);
    return call->Result(info.Env());
  } catch (const Error& error) {
    ThrowToJs(info.Env(), error);
  }
}

Napi::Value SessionWrap::Withdraw(const Napi::CallbackInfo& info) {
  RequireState(info.Env());
  const bool is_withdrawn = state_->session->Withdraw(TicketOf(info));
  if (is_withdrawn) state_->delivery->Forget(info.Env());
  return Napi::Boolean::New(info.Env(), is_withdrawn);
}

void SessionWrap::Bind(const Napi::CallbackInfo& info) {
  Enqueue(info, [&] {
    return std::make_shared<BindCall>(TicketOf(info), state_, ReadBoundPlaces(*state_, info[1], info[2]));
  });
}

void SessionWrap::Query(const Napi::CallbackInfo& info) {
  Enqueue(info, [&] { return std::make_shared<QueryCall>(TicketOf(info), state_, ToQuery(info[1])); });
}

void SessionWrap::Refit(const Napi::CallbackInfo& info) {
  Enqueue(info, [&] {
    return std::make_shared<RefitCall>(TicketOf(info), state_, ReadRefitModel(info[1].As<Napi::Object>()));
  });
}

Napi::Value SessionWrap::Counters(const Napi::CallbackInfo& info) {
  RequireState(info.Env());
  try {
    const std::shared_ptr<Executable> executable = RequireExecutable(state_);
    ExecutionCounters counters = RequireControl(*executable, "Counting").Counters();
    counters.host_copied_bytes += state_->maker->copied_bytes;
    return ToJs(info.Env(), counters);
  } catch (const Error& error) {
    ThrowToJs(info.Env(), error);
  }
}

Napi::Value SessionWrap::GraphFailures(const Napi::CallbackInfo& info) {
  RequireState(info.Env());
  try {
    const std::shared_ptr<Executable> executable = RequireExecutable(state_);
    return ToJs(info.Env(), RequireControl(*executable, "A list of CUDA graphs").GraphFailures());
  } catch (const Error& error) {
    ThrowToJs(info.Env(), error);
  }
}

Napi::Value SessionWrap::TakeStageTimes(const Napi::CallbackInfo& info) {
  RequireState(info.Env());
  return trtn::TakeStageTimes(info.Env(), state_->stage_log.get());
}

void SessionWrap::Close(const Napi::CallbackInfo& info) {
  RequireState(info.Env());
  // What it keeps goes with the model; calls in flight hold what they use.
  state_->pool.reset();
  auto closing = std::make_shared<SessionCall>(TicketOf(info), state_->delivery);
  if (state_->session->Close([closing] { closing->Finish(nullptr); })) state_->delivery->Expect(info.Env());
}

}  // namespace trtn
