// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <utility>

#include "addon/async.h"
#include "addon/classes.h"
#include "nvml/monitor.h"

namespace trtn {

/// A monitor and the stopper that ends it with the environment.
///
/// The stopper holds the monitor, so that an object that is collected needs not wait for the thread: it asks
/// it to stop, and the thread's last act is a task that forgets the stopper.
class MonitorLife {
 public:
  explicit MonitorLife(std::shared_ptr<Completions> completions) : completions_(std::move(completions)) {}

  /// Takes over a monitor that was started. JavaScript thread.
  static void Hold(const std::shared_ptr<MonitorLife>& life, std::shared_ptr<nvml::Monitor> monitor);
  /// The thread has ended, or is about to. JavaScript thread.
  void End();

  Completions& completions() { return *completions_; }

 private:
  const std::shared_ptr<Completions> completions_;
  std::shared_ptr<nvml::Monitor> monitor_;
  Completions::StopperId stopper_ = 0;
  bool has_ended_ = false;
};

/// NativeGpuMonitor of lib/binding/contract.ts.
class MonitorWrap : public Napi::ObjectWrap<MonitorWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  /// A new object of the class `constructor`.
  static Napi::Object Make(const Napi::FunctionReference& constructor, std::shared_ptr<nvml::Monitor> monitor,
                           const std::string& uuid);

  explicit MonitorWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}
  /// Nobody will ask for the readings any more.
  void Finalize(Napi::BasicEnv env) override {
    if (monitor_) monitor_->RequestStop();
  }

 private:
  Napi::Value Now(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value Stop(const Napi::CallbackInfo& info);

  std::shared_ptr<nvml::Monitor> monitor_;
};

/// Adds `openGpuMonitor` (lib/binding/contract.ts) to the exports. `classes` outlives them.
void RegisterMonitor(Napi::Env env, Napi::Object exports, Classes* classes);

}  // namespace trtn
