// SPDX-License-Identifier: Apache-2.0
#include "addon/session_exports.h"

#include <memory>
#include <utility>

#include "addon/background.h"
#include "addon/binding_wrap.h"
#include "addon/errors.h"
#include "addon/session_load.h"
#include "addon/session_request.h"
#include "addon/session_state.h"
#include "addon/session_wrap.h"

namespace trtn {
namespace {

/// One call of createSession(): what its thread and its end share.
struct SessionJob {
  JsSessionRequest request;
  LoadedSession loaded;
  std::shared_ptr<Delivery> delivery;
  Classes* classes = nullptr;
};

std::shared_ptr<SessionState> ToState(SessionJob& job) {
  LoadedSession& loaded = job.loaded;
  auto state = std::make_shared<SessionState>();
  state->maker = std::make_shared<ResultMaker>();
  state->maker->classes = job.classes;
  state->maker->allow_external = job.request.allow_external;
  state->maker->device = std::move(loaded.device);
  state->session = std::move(loaded.session);
  state->delivery = std::move(job.delivery);
  state->pool = std::move(loaded.pool);
  state->inputs = std::move(loaded.inputs);
  state->outputs = std::move(loaded.outputs);
  state->stage_log = job.request.stage_log;
  state->library_version = std::move(loaded.library_version);
  state->profiles = std::move(loaded.profiles);
  state->debug_tensors = std::move(loaded.debug_tensors);
  return state;
}

Napi::Value CreateSession(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto job = std::make_shared<SessionJob>();
  try {
    job->request = ReadSessionRequest(info[0].As<Napi::Object>());
  } catch (const Error& error) {
    ThrowToJs(env, error);
  }
  job->classes = static_cast<Classes*>(info.Data());
  job->delivery = std::make_shared<Delivery>(Completions::Of(env), info[1].As<Napi::Function>());
  BackgroundWork work;
  work.run = [job]() -> BackgroundWork::Converter {
    job->loaded = LoadSession(job->request);
    return [job](Napi::Env env) -> Napi::Value {
      return SessionWrap::Make(env, ToState(*job), job->loaded.model_bytes);
    };
  };
  return RunInBackground(env, std::move(work));
}

}  // namespace

void RegisterSession(Napi::Env env, Napi::Object exports, Classes* classes) {
  classes->session = Napi::Persistent(SessionWrap::Define(env));
  classes->binding = Napi::Persistent(BindingWrap::Define(env));
  exports.Set("createSession", Napi::Function::New(env, CreateSession, "createSession", classes));
}

}  // namespace trtn
