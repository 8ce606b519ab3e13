// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ops/workers.h"

namespace trtn::ops {

/// Threads for operators, kept from one to the next: starting one costs more than many an operator. They
/// start when there is something to do. Thread-safe.
class ThreadPool {
 public:
  /// 0 threads: one for each core that this process may use.
  explicit ThreadPool(int threads = 0);
  /// As Stop().
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return most_; }
  /// Queues a task, which may not throw. False after Stop(), and where no thread could be started.
  bool Submit(std::function<void()> task);
  /// Drops what waits, lets what runs end, joins the threads. Not from one of them.
  void Stop();

 private:
  friend class PoolWorkers;
  /// Goes before what waits; lost where the pool is stopped. Up to `count` threads run it.
  void Help(const std::function<void()>& task, int count);
  void StartThreads(std::unique_lock<std::mutex>& lock, size_t wanted);
  void RunThread();

  const int most_;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool is_stopped_ = false;
};

/// The caller's thread and those of a pool that have nothing better to do. What runs in the pool may use it:
/// a loop never waits for a thread that has not begun to help. One thread at a time uses one object.
class PoolWorkers final : public Workers {
 public:
  /// At most `threads`, the caller's included; 0: as many as the pool has.
  explicit PoolWorkers(ThreadPool& pool, int threads = 0);
  int threads() const override { return threads_; }
  void ParallelFor(int64_t count, int64_t grain,
                   const std::function<void(int64_t begin, int64_t end)>& body) override;

 private:
  ThreadPool& pool_;
  const int threads_;
};

}  // namespace trtn::ops
