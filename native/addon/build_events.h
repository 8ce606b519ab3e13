// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "addon/async.h"
#include "core/builder.h"
#include "core/log.h"

namespace trtn {

/// Carries a build's progress and log lines to a JavaScript callback. A build makes thousands of progress
/// events; those of one phase that come between two turns of the event loop are merged into the latest.
class BuildEvents : public std::enable_shared_from_this<BuildEvents> {
 public:
  /// JavaScript thread.
  BuildEvents(Napi::Env env, Napi::Function callback);

  /// Any thread.
  void Add(const BuildProgress& progress);
  void Add(const LogLine& line);

  /// Delivers what is left and lets go of the callback. JavaScript thread. Later events are dropped.
  void Flush(Napi::Env env);
  /// Lets go of the callback without calling it.
  void Close();

 private:
  using Event = std::variant<BuildProgress, LogLine>;

  /// With the mutex held: true if a delivery has to be posted.
  bool MustPost();
  void Post();
  void Deliver(Napi::Env env);

  const std::shared_ptr<Completions> completions_;
  Napi::FunctionReference callback_;
  std::mutex mutex_;
  bool posted_ = false;
  std::vector<Event> events_;
  /// Index into events_ of each phase's event.
  std::map<std::string, size_t> phases_;
};

}  // namespace trtn
