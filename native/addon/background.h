// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <functional>

#include "addon/async.h"

namespace trtn {

/// A function that runs on a thread of its own, for work that takes milliseconds to minutes.
struct BackgroundWork {
  /// Makes the promise's value on the JavaScript thread.
  using Converter = std::function<Napi::Value(Napi::Env)>;

  /// Runs on the new thread and touches no Napi value. What it throws rejects the promise.
  std::function<Converter()> run;
  /// Asks `run` to end soon, when the environment goes away meanwhile. JavaScript thread; may be empty.
  std::function<void()> cancel;
  /// Releases the JavaScript references that `run` needed, once the thread has ended, on the JavaScript
  /// thread, exactly once, before the promise settles. May be empty.
  std::function<void()> release;
};

/// Starts the work and returns its promise; keeps the event loop alive until it settles. An environment that
/// goes away waits for the thread, because the thread reads memory that the environment owns.
Napi::Promise RunInBackground(Napi::Env env, BackgroundWork work);

}  // namespace trtn
