// SPDX-License-Identifier: Apache-2.0
#include "addon/async.h"

#include <utility>

namespace trtn {
namespace {

class FunctionTask final : public Task {
 public:
  explicit FunctionTask(std::function<void(Napi::Env)> run) : run_(std::move(run)) {}
  void Run(Napi::Env env) override { run_(env); }

 private:
  std::function<void(Napi::Env)> run_;
};

/// How long one wake-up may go on before the event loop gets its turn.
constexpr std::chrono::microseconds kLongestTurn(250);

/// What the environment owns; deleted by Node when the environment is gone.
struct InstanceData {
  std::shared_ptr<Completions> completions;
};

void RunOne(Napi::Env env, Task& task) {
  Napi::HandleScope scope(env);
  try {
    task.Run(env);
  } catch (const Napi::Error& error) {
    napi_fatal_exception(env, error.Value());
  } catch (const std::exception& error) {
    napi_fatal_exception(env, Napi::Error::New(env, error.what()).Value());
  }
}

}  // namespace

void Completions::Install(Napi::Env env) {
  std::shared_ptr<Completions> self(new Completions());
  for (Wakeup& wakeup : self->wakeups_) {
    wakeup = Wakeup::New(env, "tensorrt-node", 0, 1, self.get());
    wakeup.Unref(env);
  }
  env.SetInstanceData(new InstanceData{self});
  // Added after the thread-safe function has added its own hook: hooks run last in, first out.
  env.AddCleanupHook([self] { self->Shutdown(); });
}

std::shared_ptr<Completions> Completions::Of(Napi::Env env) {
  return env.GetInstanceData<InstanceData>()->completions;
}

void Completions::Post(std::function<void(Napi::Env)> task) {
  Post(std::make_unique<FunctionTask>(std::move(task)));
}

void Completions::Post(std::unique_ptr<Task> task) {
  size_t wakeup = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    queue_.push_back(std::move(task));
    if (std::exchange(signalled_, true)) return;
    wakeup = active_;
  }
  wakeups_[wakeup].NonBlockingCall();
}

void Completions::CallJs(Napi::Env env, Napi::Function, Completions* self, void*) {
  // Without an environment Node is only emptying the function's queue; Shutdown has dropped the tasks.
  if (static_cast<napi_env>(env) != nullptr) self->Drain(env);
}

std::vector<std::unique_ptr<Task>> Completions::TakeTasks() {
  const auto now = std::chrono::steady_clock::now();
  std::lock_guard<std::mutex> lock(mutex_);
  // Before the tasks run: a post from now on must signal again.
  signalled_ = false;
  if (now - active_since_ > kLongestTurn) {
    active_ = 1 - active_;
    active_since_ = now;
  }
  return std::exchange(queue_, {});
}

void Completions::Drain(Napi::Env env) {
  std::vector<std::unique_ptr<Task>> tasks = TakeTasks();
  for (std::unique_ptr<Task>& task : tasks) {
    RunOne(env, *task);
    task.reset();
  }
}

void Completions::BeginWork(Napi::Env env) {
  if (work_++ > 0) return;
  for (Wakeup& wakeup : wakeups_) wakeup.Ref(env);
}

void Completions::EndWork(Napi::Env env) {
  if (--work_ > 0) return;
  for (Wakeup& wakeup : wakeups_) wakeup.Unref(env);
}

Completions::StopperId Completions::AddStopper(std::function<void()> stop) {
  stoppers_.emplace(next_stopper_, std::move(stop));
  return next_stopper_++;
}

void Completions::RemoveStopper(StopperId id) { stoppers_.erase(id); }

void Completions::StopAll() {
  while (!stoppers_.empty()) {
    auto last = std::prev(stoppers_.end());
    std::function<void()> stop = std::move(last->second);
    stoppers_.erase(last);
    stop();
  }
}

void Completions::Shutdown() {
  StopAll();
  std::vector<std::unique_ptr<Task>> dropped;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    dropped.swap(queue_);
  }
  for (Wakeup& wakeup : wakeups_) wakeup.Abort();
}

}  // namespace trtn
