// SPDX-License-Identifier: Apache-2.0
//
// How finished work comes back to JavaScript.
//
// Work runs on threads of the addon. What it has to tell JavaScript is posted as tasks to the environment's
// Completions, which runs them on the JavaScript thread. Many posts make one wake-up of the event loop: a
// post signals the loop only if no signal is under way.
//
// Node serves a thread-safe function up to a thousand times in one turn of the loop while calls for it keep
// coming, and under load they do: each batch makes JavaScript submit the next. So there are two of them.
// After a quarter of a millisecond the posts go to the other one, the first has nothing more to do, and
// timers and sockets get their turn.
//
// Rules:
//  1. Post may be called from any thread; all else belongs to the JavaScript thread.
//  2. Napi values and references live and die on the JavaScript thread. A task that owns references (through
//     a shared_ptr, or as members of a Task class) is run or dropped there, provided rule 3 is kept.
//  3. Every thread that posts is stopped by a stopper: a function that runs when the environment goes away
//     and returns when the thread will post no more. Tasks that are still queued then are dropped, not run:
//     their promises belong to a world that is gone. A worker's environment runs them in its clean-up. The
//     main thread's has none at process.exit(): there the loader calls StopAll() from the exit event, before
//     the static destructors of native libraries run under threads that are inside them.
//  4. Between BeginWork and EndWork the event loop stays alive. A promise that will settle needs that; an
//     idle session must not have it. Calls nest.
#pragma once

#include <napi.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace trtn {

/// A task as an object, for hot paths: no std::function, one allocation that the caller makes.
class Task {
 public:
  virtual ~Task() = default;
  /// Runs on the JavaScript thread inside a handle scope of its own. A Napi::Error that leaves it becomes an
  /// uncaught exception of the process, as one thrown by an event listener would.
  virtual void Run(Napi::Env env) = 0;
};

/// Per-environment queue of finished work; see the rules above.
class Completions {
 public:
  using StopperId = uint64_t;

  /// Makes the environment's instance; called once, by the module's init function.
  static void Install(Napi::Env env);
  /// The environment's instance. Threads keep a copy of the pointer.
  static std::shared_ptr<Completions> Of(Napi::Env env);

  /// Queues `task` and wakes the event loop unless it has been told already. Any thread.
  void Post(std::unique_ptr<Task> task);
  void Post(std::function<void(Napi::Env)> task);

  /// Keeps the event loop alive until as many EndWork calls have come.
  void BeginWork(Napi::Env env);
  void EndWork(Napi::Env env);

  /// Registers what must stop before the environment goes away. Stoppers run in the order of their
  /// registration's reverse, on the JavaScript thread; they may block until their thread has ended.
  StopperId AddStopper(std::function<void()> stop);
  /// Forgets a stopper whose thread has ended by itself.
  void RemoveStopper(StopperId id);

  /// Runs all stoppers; see rule 3. Work that is asked for later registers new ones.
  void StopAll();

  ~Completions() = default;
  Completions(const Completions&) = delete;
  Completions& operator=(const Completions&) = delete;

 private:
  static void CallJs(Napi::Env env, Napi::Function, Completions* self, void*);
  using Wakeup = Napi::TypedThreadSafeFunction<Completions, void, &Completions::CallJs>;

  Completions() = default;
  std::vector<std::unique_ptr<Task>> TakeTasks();
  void Drain(Napi::Env env);
  void Shutdown();

  std::array<Wakeup, 2> wakeups_;
  int work_ = 0;
  StopperId next_stopper_ = 1;
  std::map<StopperId, std::function<void()>> stoppers_;

  std::mutex mutex_;
  bool signalled_ = false;
  /// Which wake-up posts signal, and since when.
  size_t active_ = 0;
  std::chrono::steady_clock::time_point active_since_{};
  bool closed_ = false;
  std::vector<std::unique_ptr<Task>> queue_;
};

}  // namespace trtn
