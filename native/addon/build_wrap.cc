// SPDX-License-Identifier: Apache-2.0
#include "addon/build_wrap.h"

#include <atomic>
#include <memory>
#include <new>
#include <utility>

#include "addon/background.h"
#include "addon/build_events.h"
#include "addon/build_request.h"
#include "addon/convert.h"
#include "addon/errors.h"
#include "trt/library.h"

namespace trtn {
namespace {

/// One call of build(): what its thread, its cancel() and its end share.
struct BuildCall {
  JsBuildRequest call;
  std::shared_ptr<BuildEvents> events;
  /// For the JavaScript thread alone.
  napi_env env;
  std::atomic<bool> cancelled{false};
};

struct Outcome {
  BuildResult result;
  int library_version = 0;
};

Outcome RunBuild(BuildCall& call) {
  const auto backend =
      trt::OpenBuilderBackend(call.call.library, call.call.parser_library, call.call.driver_library);
  if (backend->family() != call.call.family) {
    throw Error("ERR_TRT_LOAD_TENSORRT_UNSUPPORTED", call.call.library + " is of the family " +
                                                         FamilyName(backend->family()) + ", not " +
                                                         FamilyName(call.call.family) + ".");
  }
  BuildObserver observer;
  observer.on_progress = [&](const BuildProgress& progress) { call.events->Add(progress); };
  observer.on_log = [&](const LogLine& line) { call.events->Add(line); };
  observer.is_cancelled = [&] { return call.cancelled.load(std::memory_order_relaxed); };
  return {backend->Build(call.call.request, observer), backend->library_version()};
}

Napi::Value ToJsResult(Napi::Env env, Outcome& outcome) {
  BuildResult& result = outcome.result;
  Napi::Object object = Napi::Object::New(env);
  if (!result.engine.empty()) object["engine"] = ToJsBytes(env, std::move(result.engine));
  object["engineBytes"] = static_cast<double>(result.engine_bytes);
  object["libraryVersion"] = outcome.library_version;
  object["libraryVersionText"] = result.library_version;
  object["inputs"] = ToJs(env, result.inputs);
  object["outputs"] = ToJs(env, result.outputs);
  object["layers"] = result.layers;
  object["parseMs"] = result.parse_ms;
  object["buildMs"] = result.build_ms;
  if (!result.timing_cache.empty()) object["timingCache"] = ToJsBytes(env, std::move(result.timing_cache));
  object["log"] = ToJsLog(env, result.log);
  return object;
}

BackgroundWork WorkOf(const std::shared_ptr<BuildCall>& call) {
  BackgroundWork work;
  work.run = [call]() -> BackgroundWork::Converter {
    try {
      auto outcome = std::make_shared<Outcome>(RunBuild(*call));
      return [outcome](Napi::Env env) { return ToJsResult(env, *outcome); };
    } catch (const std::bad_alloc&) {
      throw Error("ERR_TRT_BUILD_OUT_OF_MEMORY", "The process is out of memory.");
    }
  };
  work.cancel = [call] {
    call->cancelled = true;
    // The environment goes away: no JavaScript may run any more.
    call->events->Close();
  };
  work.release = [call] { call->events->Flush(call->env); };
  return work;
}

Napi::Value Build(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsObject() || !info[1].IsFunction()) {
    throw Napi::TypeError::New(env, "build(request, onEvents) takes an object and a function");
  }
  const auto call = std::make_shared<BuildCall>();
  call->call = ReadBuildRequest(info[0].As<Napi::Object>());
  call->env = env;
  call->events = std::make_shared<BuildEvents>(env, info[1].As<Napi::Function>());

  Napi::Object build = Napi::Object::New(env);
  build["promise"] = RunInBackground(env, WorkOf(call));
  build["cancel"] =
      Napi::Function::New(env, [call](const Napi::CallbackInfo&) { call->cancelled = true; }, "cancel");
  return build;
}

}  // namespace

void RegisterBuild(Napi::Env env, Napi::Object exports) {
  exports["build"] = Napi::Function::New(env, Build, "build");
}

}  // namespace trtn
