// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "addon/classes.h"
#include "nvml/monitor.h"

namespace trtn {

/// NativeGpuMonitor of lib/binding/contract.ts.
class MonitorWrap : public Napi::ObjectWrap<MonitorWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  /// Starts the monitor, which ends at the latest with the environment; a new object of the class
  /// `constructor`.
  static Napi::Object Make(const Napi::FunctionReference& constructor,
                           const std::shared_ptr<nvml::Monitor>& monitor, const std::string& uuid);

  explicit MonitorWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}
  /// Nobody will ask for the readings any more.
  void Finalize(Napi::BasicEnv env) override {
    if (monitor_) monitor_->RequestStop();
  }

 private:
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value Stop(const Napi::CallbackInfo& info);
  /// Throws for an object that JavaScript made by itself.
  nvml::Monitor& monitor(Napi::Env env) const;

  std::shared_ptr<nvml::Monitor> monitor_;
};

/// Adds `openGpuMonitor` (lib/binding/contract.ts) to the exports. `classes` outlives them.
void RegisterMonitor(Napi::Env env, Napi::Object exports, Classes* classes);

}  // namespace trtn
