// SPDX-License-Identifier: Apache-2.0
#include <napi.h>

#include "addon/async.h"
#include "addon/build_wrap.h"
#include "addon/chain_exports.h"
#include "addon/classes.h"
#include "addon/device_exports.h"
#include "addon/monitor_wrap.h"
#include "addon/numerics_exports.h"
#include "addon/nvjpeg_exports.h"
#include "addon/probe_wrap.h"
#include "addon/session_exports.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  trtn::Completions::Install(env);
  trtn::RegisterProbe(env, exports);
  trtn::RegisterBuild(env, exports);
  auto* classes = new trtn::Classes;
  env.AddCleanupHook([classes] { delete classes; });
  trtn::RegisterSession(env, exports, classes);
  trtn::RegisterDevice(env, exports, classes);
  trtn::RegisterNvjpeg(env, exports, classes);
  trtn::RegisterMonitor(env, exports, classes);
  trtn::RegisterChains(env, exports, classes);
  trtn::RegisterNumerics(env, exports);
  exports["shutdown"] = Napi::Function::New(
      env, [](const Napi::CallbackInfo& info) { trtn::Completions::Of(info.Env())->StopAll(); }, "shutdown");
  return exports;
}

}  // namespace

NODE_API_MODULE(tensorrt_node, Init)
