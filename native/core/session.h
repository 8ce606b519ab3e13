// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/executable.h"

namespace trtn {

/// One piece of work for a session: an inference, a bound inference, or the making of a binding.
class Call {
 public:
  explicit Call(uint64_t id = 0) : id_(id) {}
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  /// What Withdraw() finds it by.
  uint64_t id() const { return id_; }
  /// Runs on a thread of the session, or on the caller's for RunNow(). May throw.
  virtual void Execute(ExecutionContext& context) = 0;
  /// Called exactly once for a call that was submitted and not withdrawn, with null on success. Comes from a
  /// thread of the session, or from Close() for a call that was still queued. Must not call the session.
  virtual void Finish(std::exception_ptr error) noexcept = 0;
  /// True: runs when no other call does, and no other starts meanwhile (refitting an engine).
  virtual bool IsExclusive() const { return false; }
  /// Asks a running Execute() to end early where it is not the context that runs. Any thread.
  virtual void Interrupt() noexcept {}

 private:
  const uint64_t id_;
};

struct SessionOptions {
  /// Calls that may run at the same time; each has an execution context and a thread.
  size_t contexts = 1;
  /// Calls that may wait for a context.
  size_t max_queue = 1024;
  /// How long an idle thread watches for the next call before it sleeps. Waking a sleeping thread costs 5 µs,
  /// and 20 µs more on an idle virtual CPU; the next call of a caller that awaits each one comes within this
  /// time.
  int spin_us = 50;
};

/// A pool of execution contexts with one first-in-first-out queue before it.
///
/// Waiting calls are taken in order. An exclusive call waits until all contexts are free; no call that comes
/// after it starts before it has ended. All members may be called from any thread, except that the destructor
/// and Abandon() must not run on a thread of the session.
class Session {
 public:
  /// Creates contexts and threads. Throws what CreateContext() throws.
  Session(std::shared_ptr<Executable> executable, const SessionOptions& options);
  /// As Abandon().
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Null after the session has closed.
  std::shared_ptr<Executable> executable() const;

  /// Queues a call. Throws ERR_TRT_RUN_CLOSED, or ERR_TRT_RUN_QUEUE_FULL where `max_queue` calls wait
  /// already.
  void Submit(std::shared_ptr<Call> call);
  /// Takes a call out of the queue; false if it runs or has run. Its Finish() is not called.
  bool Withdraw(uint64_t id);
  /// Executes on the calling thread with the next context that is free, before the calls that wait: the
  /// caller blocks, they do not (an exclusive call that waits, and those before it, keep their turn). Throws
  /// what Execute() throws, or ERR_TRT_RUN_CLOSED. Finish() is not called.
  void RunNow(Call& call);
  /// Refuses new calls, finishes the queued ones with ERR_TRT_RUN_CLOSED, lets the running ones end, releases
  /// the executable and then calls `on_closed`, from a thread of the session. Later calls do nothing and
  /// return false.
  bool Close(std::function<void()> on_closed);
  /// Drops the queued calls unfinished, interrupts the running ones and waits for the threads.
  void Abandon() noexcept;

 private:
  void Work();
  bool WaitForCall(std::unique_lock<std::mutex>& lock);
  void Spin() const;
  bool IsReady() const;
  bool IsFreeForNow(const Call& call) const;
  std::exception_ptr Execute(Call& call, ExecutionContext& context) noexcept;
  std::shared_ptr<Call> TakeCall();
  void ReleaseModel(std::unique_lock<std::mutex>& lock);
  void WakeWorkerIfNeeded(std::unique_lock<std::mutex>& lock);
  std::unique_ptr<ExecutionContext> StartCall(Call& call);
  void EndCall(Call& call, std::unique_ptr<ExecutionContext> context);
  void SetQueueHint() { queue_hint_.store(queue_.size(), std::memory_order_release); }

  const SessionOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;          // for the session's threads
  std::condition_variable context_free_;  // for RunNow()
  std::shared_ptr<Executable> executable_;
  std::deque<std::shared_ptr<Call>> queue_;
  std::vector<std::unique_ptr<ExecutionContext>> free_;
  /// Contexts and calls that run now, for Abandon().
  std::vector<ExecutionContext*> busy_;
  std::vector<Call*> running_;
  size_t waiting_now_ = 0;
  /// Exclusive calls in the queue, and whether one runs.
  size_t exclusive_waiting_ = 0;
  bool exclusive_running_ = false;
  size_t spinning_ = 0;
  size_t live_threads_ = 0;
  bool closed_ = false;
  std::function<void()> on_closed_;

  // Read without the mutex by a thread that spins.
  std::atomic<size_t> queue_hint_{0};
  std::atomic<bool> closed_hint_{false};

  std::vector<std::thread> threads_;
};

}  // namespace trtn
