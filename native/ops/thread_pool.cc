// SPDX-License-Identifier: Apache-2.0
#include "ops/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <utility>

namespace trtn::ops {
namespace {

/// More ranges than threads: some threads start late, or are slower.
constexpr int64_t kRangesPerThread = 4;

int CoreCount() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

/// One ParallelFor(). Shared with helpers that may come when it is over.
class SharedLoop {
 public:
  using Body = std::function<void(int64_t, int64_t)>;
  SharedLoop(int64_t count, int64_t step, const Body& body) : count_(count), step_(step), body_(body) {}

  /// A thread that has time. Touches `body` only while the caller waits for it.
  void Help() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (is_over_) return;
      ++helping_;
    }
    Work();
    std::lock_guard<std::mutex> lock(mutex_);
    if (--helping_ == 0) done_.notify_one();
  }

  void RunByCaller() {
    Work();
    std::unique_lock<std::mutex> lock(mutex_);
    is_over_ = true;
    done_.wait(lock, [this] { return helping_ == 0; });
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void Work() noexcept {
    try {
      for (;;) {
        const int64_t begin = next_.fetch_add(step_, std::memory_order_relaxed);
        if (begin >= count_) return;
        body_(begin, std::min(count_, begin + step_));
      }
    } catch (...) {
      // No further range is worth its time.
      next_.store(count_, std::memory_order_relaxed);
      std::lock_guard<std::mutex> lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  const int64_t count_, step_;
  const Body& body_;
  std::atomic<int64_t> next_{0};
  std::mutex mutex_;
  std::condition_variable done_;
  int helping_ = 0;
  bool is_over_ = false;
  std::exception_ptr failure_;
};

}  // namespace

ThreadPool::ThreadPool(int threads) : most_(threads > 0 ? threads : CoreCount()) {}

ThreadPool::~ThreadPool() { Stop(); }

bool ThreadPool::Submit(std::function<void()> task) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (is_stopped_) return false;
  StartThreads(lock, queue_.size() + 1);
  if (threads_.empty()) return false;
  queue_.push_back(std::move(task));
  lock.unlock();
  wakeup_.notify_one();
  return true;
}

void ThreadPool::Help(const std::function<void()>& task, int count) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (is_stopped_) return;
    StartThreads(lock, queue_.size() + static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) queue_.push_front(task);
  }
  for (int i = 0; i < count; ++i) wakeup_.notify_one();
}

void ThreadPool::StartThreads(std::unique_lock<std::mutex>&, size_t wanted) {
  for (size_t ready = idle_; ready < wanted && threads_.size() < static_cast<size_t>(most_); ++ready) {
    try {
      threads_.emplace_back([this] { RunThread(); });
      // Counted as idle from now on: it takes the next task.
      ++idle_;
    } catch (const std::system_error&) {
      return;  // The system has no more threads: those that there are do the work.
    }
  }
}

void ThreadPool::RunThread() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wakeup_.wait(lock, [this] { return is_stopped_ || !queue_.empty(); });
    if (is_stopped_) return;
    std::function<void()> task = std::move(queue_.front());
    queue_.pop_front();
    --idle_;
    lock.unlock();
    task();
    // Before the lock is taken: what it owns may take long to go.
    task = nullptr;
    lock.lock();
    ++idle_;
  }
}

void ThreadPool::Stop() {
  std::deque<std::function<void()>> dropped;
  std::vector<std::thread> threads;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_stopped_ = true;
    dropped.swap(queue_);
    threads.swap(threads_);
  }
  wakeup_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

PoolWorkers::PoolWorkers(ThreadPool& pool, int threads)
    : pool_(pool), threads_(threads > 0 ? std::min(threads, pool.threads()) : pool.threads()) {}

void PoolWorkers::ParallelFor(int64_t count, int64_t grain,
                              const std::function<void(int64_t begin, int64_t end)>& body) {
  if (count <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  const int64_t helpers = std::min<int64_t>(threads_ - 1, (count + grain - 1) / grain - 1);
  if (helpers <= 0) return body(0, count);
  const int64_t ranges = (helpers + 1) * kRangesPerThread;
  const auto loop = std::make_shared<SharedLoop>(count, std::max(grain, (count + ranges - 1) / ranges), body);
  pool_.Help([loop] { loop->Help(); }, static_cast<int>(helpers));
  loop->RunByCaller();
}

}  // namespace trtn::ops
