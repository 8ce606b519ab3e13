// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "ops/thread_pool.h"

namespace trtn::ops {
namespace {

/// Lets one thread wait for others.
class Gate {
 public:
  void Open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_open_ = true;
    opened_.notify_all();
  }
  void Wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    opened_.wait(lock, [this] { return is_open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool is_open_ = false;
};

TEST(ThreadPool, RunsTasksInOrderOnOneThread) {
  std::vector<int> order;
  Gate done;
  ThreadPool pool(1);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(pool.Submit([&order, i] { order.push_back(i); }));
  ASSERT_TRUE(pool.Submit([&done] { done.Open(); }));
  done.Wait();
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(ThreadPool, RunsAsManyTasksAtOnceAsItHasThreads) {
  // Each waits for the other: on one thread this would never end.
  Gate first, second, done;
  ThreadPool pool(2);
  pool.Submit([&] {
    first.Open();
    second.Wait();
    done.Open();
  });
  pool.Submit([&] {
    second.Open();
    first.Wait();
  });
  done.Wait();
}

TEST(ThreadPool, StopDropsWhatWaitsAndRefusesMore) {
  Gate started, go;
  std::atomic<int> ran{0};
  auto dropped = std::make_shared<int>(0);
  ThreadPool pool(1);
  pool.Submit([&] {
    started.Open();
    go.Wait();
    ++ran;
  });
  pool.Submit([&ran, dropped] { ++ran; });
  EXPECT_EQ(dropped.use_count(), 2);
  started.Wait();
  std::thread opener([&go] { go.Open(); });
  pool.Stop();
  opener.join();
  // The second may have run where the pool's thread was faster than Stop(); never may it be kept.
  EXPECT_GE(ran, 1);
  EXPECT_EQ(dropped.use_count(), 1);
  EXPECT_FALSE(pool.Submit([] {}));
  pool.Stop();
}

void ExpectCovered(Workers& workers, int64_t count, int64_t grain) {
  std::vector<std::atomic<int>> hits(static_cast<size_t>(count));
  std::atomic<int> small{0};
  workers.ParallelFor(count, grain, [&](int64_t begin, int64_t end) {
    if (end - begin < grain && end != count) ++small;
    for (int64_t i = begin; i < end; ++i) ++hits[static_cast<size_t>(i)];
  });
  EXPECT_EQ(small, 0) << count << " by " << grain;
  for (const std::atomic<int>& hit : hits) ASSERT_EQ(hit, 1) << count << " by " << grain;
}

TEST(PoolWorkers, CoverEachElementOnce) {
  ThreadPool pool(3);
  PoolWorkers workers(pool);
  EXPECT_EQ(workers.threads(), 3);
  for (const int64_t count : {0, 1, 2, 3, 7, 64, 1000, 4097}) {
    for (const int64_t grain : {0, 1, 3, 64, 5000})
      ExpectCovered(workers, count, std::max<int64_t>(grain, 1));
  }
}

TEST(PoolWorkers, UseSeveralThreads) {
  ThreadPool pool(2);
  PoolWorkers workers(pool);
  Gate other;
  const std::thread::id caller = std::this_thread::get_id();
  // The caller waits for a helper, who must come.
  workers.ParallelFor(100, 1, [&](int64_t, int64_t) {
    if (std::this_thread::get_id() == caller)
      other.Wait();
    else
      other.Open();
  });
}

TEST(PoolWorkers, StayOnTheCallersThreadIfOneIsAskedFor) {
  ThreadPool pool(4);
  PoolWorkers workers(pool, 1);
  std::set<std::thread::id> threads;
  workers.ParallelFor(1000, 1, [&](int64_t, int64_t) { threads.insert(std::this_thread::get_id()); });
  EXPECT_EQ(threads, std::set<std::thread::id>{std::this_thread::get_id()});
  EXPECT_EQ(PoolWorkers(pool, 9).threads(), 4);
}

TEST(PoolWorkers, RethrowTheFirstFailureAndGoOn) {
  ThreadPool pool(3);
  PoolWorkers workers(pool);
  for (int round = 0; round < 20; ++round) {
    EXPECT_THROW(workers.ParallelFor(100, 1,
                                     [](int64_t begin, int64_t) {
                                       if (begin == 0) throw std::runtime_error("no");
                                     }),
                 std::runtime_error);
    ExpectCovered(workers, 100, 1);
  }
}

TEST(PoolWorkers, WorkInsideThePoolWhenAllItsThreadsAreBusy) {
  // Two tasks on two threads, each with a loop of its own: nobody is free to help, and nobody waits for help.
  ThreadPool pool(2);
  std::atomic<int> total{0}, ended{0};
  Gate done;
  for (int task = 0; task < 8; ++task) {
    pool.Submit([&] {
      PoolWorkers workers(pool);
      workers.ParallelFor(1000, 1,
                          [&](int64_t begin, int64_t end) { total += static_cast<int>(end - begin); });
      if (++ended == 8) done.Open();
    });
  }
  done.Wait();
  EXPECT_EQ(total, 8000);
}

TEST(PoolWorkers, GoOnAloneAfterThePoolHasStopped) {
  ThreadPool pool(2);
  PoolWorkers workers(pool);
  pool.Stop();
  ExpectCovered(workers, 100, 1);
}

}  // namespace
}  // namespace trtn::ops
