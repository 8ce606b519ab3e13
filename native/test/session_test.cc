// SPDX-License-Identifier: Apache-2.0
// The pool and its queue, with an executable that does what each test orders.
#include "core/session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"

namespace trtn {
namespace {

class FakeContext : public ExecutionContext {
 public:
  explicit FakeContext(std::atomic<int>* interrupts) : interrupts_(interrupts) {}
  void Run(const std::vector<TensorView>&, std::vector<OutputSlot>&) override {}
  std::vector<TensorView> ResolveOutputs(const std::vector<TensorView>&) override { return {}; }
  void Interrupt() noexcept override { ++*interrupts_; }

 private:
  std::atomic<int>* interrupts_;
};

class FakeExecutable : public Executable {
 public:
  ~FakeExecutable() override {
    if (destroyed != nullptr) *destroyed = true;
  }
  const std::vector<TensorInfo>& inputs() const override { return none_; }
  const std::vector<TensorInfo>& outputs() const override { return none_; }
  std::unique_ptr<ExecutionContext> CreateContext() override {
    return std::make_unique<FakeContext>(&interrupts);
  }
  std::unique_ptr<BoundExecution> Bind(const std::vector<TensorView>&,
                                       const std::vector<TensorView>&) override {
    return nullptr;
  }
  const std::shared_ptr<HostPool>& host_pool() const override { return pool_; }
  void EnterThread() override {
    if (fail_to_enter) throw Error("ERR_TRT_CUDA_POISONED", "as ordered");
    ++entered;
  }
  void LeaveThread() noexcept override { ++left; }
  void EnterForeignThread() override { ++foreign_entered; }
  void LeaveForeignThread() noexcept override { ++foreign_left; }
  std::atomic<int> interrupts{0}, entered{0}, left{0}, foreign_entered{0}, foreign_left{0};
  bool fail_to_enter = false;
  std::atomic<bool>* destroyed = nullptr;

 private:
  std::vector<TensorInfo> none_;
  std::shared_ptr<HostPool> pool_;
};

/// Runs a function and keeps what became of it.
class TestCall : public Call {
 public:
  explicit TestCall(std::function<void()> body = [] {}) : Call(NextId()), body_(std::move(body)) {}
  void Execute(ExecutionContext&) override { body_(); }
  // Moved on, not shared: ThreadSanitizer does not see the reference count of exceptions, which libstdc++.so
  // keeps.
  void Finish(std::exception_ptr error) noexcept override { result_.set_value(std::move(error)); }

  /// Empty on success, the code of an Error, the text of anything else.
  std::string Wait() {
    const std::exception_ptr error = result_.get_future().get();
    if (!error) return "";
    try {
      std::rethrow_exception(error);
    } catch (const Error& e) {
      return e.code();
    } catch (const std::exception& e) {
      return e.what();
    }
  }

 private:
  static uint64_t NextId() {
    static std::atomic<uint64_t> next{1};
    return next++;
  }

  std::function<void()> body_;
  std::promise<std::exception_ptr> result_;
};

/// A door that calls wait at, so that a test decides when they end.
class Gate {
 public:
  void Open() {
    std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  /// Counts the caller as arrived, then blocks until Open().
  void Pass() {
    std::unique_lock<std::mutex> lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void WaitForArrivals(int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this, count] { return arrived_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int arrived_ = 0;
};

SessionOptions Options(size_t contexts, size_t max_queue, int spin_us = 20) {
  SessionOptions options;
  options.contexts = contexts;
  options.max_queue = max_queue;
  options.spin_us = spin_us;
  return options;
}

std::string CodeOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return "";
}

TEST(SessionTest, RunsWaitingCallsInOrder) {
  Session session(std::make_shared<FakeExecutable>(), Options(1, 100));
  Gate gate;
  auto first = std::make_shared<TestCall>([&] { gate.Pass(); });
  session.Submit(first);
  gate.WaitForArrivals(1);
  std::vector<int> order;
  std::vector<std::shared_ptr<TestCall>> calls;
  for (int i = 0; i < 50; ++i) {
    calls.push_back(std::make_shared<TestCall>([&order, i] { order.push_back(i); }));
    session.Submit(calls.back());
  }
  gate.Open();
  for (const auto& call : calls) EXPECT_EQ(call->Wait(), "");
  ASSERT_EQ(order.size(), 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(order[i], i);
}

TEST(SessionTest, RunsAsManyCallsAtOnceAsThereAreContexts) {
  Session session(std::make_shared<FakeExecutable>(), Options(3, 10));
  Gate gate;
  std::vector<std::shared_ptr<TestCall>> calls;
  for (int i = 0; i < 3; ++i) {
    calls.push_back(std::make_shared<TestCall>([&] { gate.Pass(); }));
    session.Submit(calls.back());
  }
  gate.WaitForArrivals(3);
  gate.Open();
  for (const auto& call : calls) EXPECT_EQ(call->Wait(), "");
}

TEST(SessionTest, RefusesACallWhenTheQueueIsFull) {
  Session session(std::make_shared<FakeExecutable>(), Options(1, 2));
  Gate gate;
  auto running = std::make_shared<TestCall>([&] { gate.Pass(); });
  session.Submit(running);
  gate.WaitForArrivals(1);
  auto second = std::make_shared<TestCall>();
  auto third = std::make_shared<TestCall>();
  session.Submit(second);
  session.Submit(third);
  EXPECT_EQ(CodeOf([&] { session.Submit(std::make_shared<TestCall>()); }), "ERR_TRT_RUN_QUEUE_FULL");
  gate.Open();
  EXPECT_EQ(running->Wait(), "");
  EXPECT_EQ(second->Wait(), "");
  EXPECT_EQ(third->Wait(), "");
}

TEST(SessionTest, AdmitsACallWithoutAQueueWhenAContextIsFree) {
  Session session(std::make_shared<FakeExecutable>(), Options(1, 0));
  auto call = std::make_shared<TestCall>();
  session.Submit(call);
  EXPECT_EQ(call->Wait(), "");
}

TEST(SessionTest, WithdrawsAQueuedCallOnly) {
  Session session(std::make_shared<FakeExecutable>(), Options(1, 10));
  Gate gate;
  bool ran = false;
  auto running = std::make_shared<TestCall>([&] { gate.Pass(); });
  auto queued = std::make_shared<TestCall>([&] { ran = true; });
  session.Submit(running);
  gate.WaitForArrivals(1);
  session.Submit(queued);
  EXPECT_TRUE(session.Withdraw(queued->id()));
  EXPECT_FALSE(session.Withdraw(queued->id()));
  EXPECT_FALSE(session.Withdraw(running->id()));
  gate.Open();
  EXPECT_EQ(running->Wait(), "");
  EXPECT_FALSE(ran);
}

TEST(SessionTest, CloseWaitsForRunningCallsAndRejectsQueuedOnes) {
  std::atomic<bool> destroyed{false};
  auto executable = std::make_shared<FakeExecutable>();
  executable->destroyed = &destroyed;
  Session session(std::move(executable), Options(1, 10));
  Gate gate;
  std::atomic<bool> finished{false};
  auto running = std::make_shared<TestCall>([&] {
    gate.Pass();
    finished = true;
  });
  auto queued = std::make_shared<TestCall>();
  session.Submit(running);
  gate.WaitForArrivals(1);
  session.Submit(queued);
  std::promise<bool> closed;
  EXPECT_TRUE(session.Close([&] { closed.set_value(finished && destroyed); }));
  EXPECT_FALSE(session.Close([] { FAIL(); }));
  EXPECT_EQ(queued->Wait(), "ERR_TRT_RUN_CLOSED");
  EXPECT_EQ(CodeOf([&] { session.Submit(std::make_shared<TestCall>()); }), "ERR_TRT_RUN_CLOSED");
  gate.Open();
  EXPECT_TRUE(closed.get_future().get());
  EXPECT_EQ(running->Wait(), "");
  EXPECT_EQ(session.executable(), nullptr);
}

TEST(SessionTest, AFailedCallLeavesTheContextUsable) {
  Session session(std::make_shared<FakeExecutable>(), Options(1, 10));
  auto typed = std::make_shared<TestCall>([] { throw Error("ERR_TRT_RUN_FAILED", "as ordered"); });
  auto foreign = std::make_shared<TestCall>([] { throw std::runtime_error("another kind"); });
  auto good = std::make_shared<TestCall>();
  session.Submit(typed);
  session.Submit(foreign);
  session.Submit(good);
  EXPECT_EQ(typed->Wait(), "ERR_TRT_RUN_FAILED");
  EXPECT_EQ(foreign->Wait(), "another kind");
  EXPECT_EQ(good->Wait(), "");
}

TEST(SessionTest, RunNowGoesBeforeWaitingCalls) {
  Session session(std::make_shared<FakeExecutable>(), Options(1, 10));
  Gate gate;
  std::vector<std::string> order;
  auto running = std::make_shared<TestCall>([&] { gate.Pass(); });
  auto queued = std::make_shared<TestCall>([&] { order.push_back("queued"); });
  session.Submit(running);
  gate.WaitForArrivals(1);
  session.Submit(queued);
  TestCall now([&] { order.push_back("now"); });
  std::thread caller([&] { session.RunNow(now); });
  // Not opened before the caller waits, which only its effect shows: give it the time to get there.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  gate.Open();
  caller.join();
  EXPECT_EQ(queued->Wait(), "");
  EXPECT_EQ(running->Wait(), "");
  EXPECT_EQ(order, (std::vector<std::string>{"now", "queued"}));
}

TEST(SessionTest, RunNowLeavesTheOtherContextsToTheQueue) {
  Session session(std::make_shared<FakeExecutable>(), Options(2, 10, 0));
  Gate first, blocking;
  std::vector<std::shared_ptr<TestCall>> running;
  for (int i = 0; i < 2; ++i) {
    running.push_back(std::make_shared<TestCall>([&] { first.Pass(); }));
    session.Submit(running.back());
  }
  first.WaitForArrivals(2);
  auto queued = std::make_shared<TestCall>();
  session.Submit(queued);
  TestCall now([&] { blocking.Pass(); });
  std::thread caller([&] { session.RunNow(now); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  first.Open();
  blocking.WaitForArrivals(1);
  // Hangs here if the second context stays idle for as long as the blocking call runs.
  EXPECT_EQ(queued->Wait(), "");
  blocking.Open();
  caller.join();
  for (const auto& call : running) EXPECT_EQ(call->Wait(), "");
}

TEST(SessionTest, RunNowPassesErrorsOnAndFailsOnAClosedSession) {
  Session session(std::make_shared<FakeExecutable>(), Options(1, 10));
  TestCall failing([] { throw Error("ERR_TRT_RUN_FAILED", "as ordered"); });
  EXPECT_EQ(CodeOf([&] { session.RunNow(failing); }), "ERR_TRT_RUN_FAILED");
  session.Close([] {});
  TestCall late;
  EXPECT_EQ(CodeOf([&] { session.RunNow(late); }), "ERR_TRT_RUN_CLOSED");
}

TEST(SessionTest, AbandonInterruptsRunningCallsAndDropsQueuedOnes) {
  auto executable = std::make_shared<FakeExecutable>();
  Session session(executable, Options(1, 10));
  std::promise<void> started;
  auto running = std::make_shared<TestCall>([&] {
    started.set_value();
    while (executable->interrupts == 0) std::this_thread::yield();
  });
  bool ran = false;
  auto queued = std::make_shared<TestCall>([&] { ran = true; });
  session.Submit(running);
  started.get_future().wait();
  session.Submit(queued);
  session.Abandon();
  EXPECT_EQ(running->Wait(), "");
  EXPECT_FALSE(ran);
}

class ExclusiveCall : public TestCall {
 public:
  using TestCall::TestCall;
  bool IsExclusive() const override { return true; }
};

TEST(SessionTest, AnExclusiveCallRunsAloneAndInItsTurn) {
  Session session(std::make_shared<FakeExecutable>(), Options(3, 100));
  Gate before, alone;
  std::atomic<int> running{0}, ended{0};
  std::vector<std::shared_ptr<TestCall>> calls;
  for (int i = 0; i < 2; ++i) {
    calls.push_back(std::make_shared<TestCall>([&] {
      ++running;
      before.Pass();
      --running;
      ++ended;
    }));
    session.Submit(calls.back());
  }
  before.WaitForArrivals(2);
  auto exclusive = std::make_shared<ExclusiveCall>([&] {
    EXPECT_EQ(running, 0);
    EXPECT_EQ(ended, 2);
    alone.Pass();
    EXPECT_EQ(running, 0);
    ++ended;
  });
  session.Submit(exclusive);
  for (int i = 0; i < 4; ++i) {
    calls.push_back(std::make_shared<TestCall>([&] {
      ++running;
      EXPECT_EQ(ended, 3) << "a later call overtook the exclusive one";
      --running;
    }));
    session.Submit(calls.back());
  }
  std::thread caller([&] {
    TestCall now([&] { EXPECT_EQ(ended, 3); });
    session.RunNow(now);
  });
  before.Open();
  alone.WaitForArrivals(1);
  alone.Open();
  for (const auto& call : calls) EXPECT_EQ(call->Wait(), "");
  EXPECT_EQ(exclusive->Wait(), "");
  caller.join();
}

TEST(SessionTest, AWithdrawnExclusiveCallLetsTheOthersGoOn) {
  Session session(std::make_shared<FakeExecutable>(), Options(2, 100));
  Gate gate;
  auto first = std::make_shared<TestCall>([&] { gate.Pass(); });
  session.Submit(first);
  gate.WaitForArrivals(1);
  auto exclusive = std::make_shared<ExclusiveCall>([] { FAIL(); });
  session.Submit(exclusive);
  auto behind = std::make_shared<TestCall>();
  session.Submit(behind);
  EXPECT_TRUE(session.Withdraw(exclusive->id()));
  EXPECT_EQ(behind->Wait(), "");
  gate.Open();
  EXPECT_EQ(first->Wait(), "");
}

TEST(SessionTest, AnExclusiveCallRunsNowWhenAllContextsAreFree) {
  Session session(std::make_shared<FakeExecutable>(), Options(2, 100));
  Gate gate;
  auto first = std::make_shared<TestCall>([&] { gate.Pass(); });
  session.Submit(first);
  gate.WaitForArrivals(1);
  std::atomic<bool> is_open{false};
  std::thread caller([&] {
    ExclusiveCall now([&] { EXPECT_TRUE(is_open); });
    session.RunNow(now);
  });
  is_open = true;
  gate.Open();
  caller.join();
  EXPECT_EQ(first->Wait(), "");
}

TEST(SessionTest, ThreadsEnterAndLeaveTheExecutable) {
  auto executable = std::make_shared<FakeExecutable>();
  {
    Session session(executable, Options(3, 10));
    auto call = std::make_shared<TestCall>([&] { EXPECT_GE(executable->entered, 1); });
    session.Submit(call);
    EXPECT_EQ(call->Wait(), "");
    TestCall now([&] { EXPECT_EQ(executable->foreign_entered, 1); });
    session.RunNow(now);
    EXPECT_EQ(executable->foreign_left, 1);
  }
  EXPECT_EQ(executable->entered, 3);
  EXPECT_EQ(executable->left, 3);
}

TEST(SessionTest, CallsOfAThreadThatCouldNotEnterFailWithItsError) {
  auto executable = std::make_shared<FakeExecutable>();
  executable->fail_to_enter = true;
  Session session(executable, Options(1, 10));
  auto call = std::make_shared<TestCall>([] { FAIL(); });
  session.Submit(call);
  EXPECT_EQ(call->Wait(), "ERR_TRT_CUDA_POISONED");
  session.Abandon();
  EXPECT_EQ(executable->left, 0);
}

TEST(SessionTest, ClosingWaitsForACallOnAnotherThread) {
  auto executable = std::make_shared<FakeExecutable>();
  std::atomic<bool> destroyed{false};
  executable->destroyed = &destroyed;
  Session session(std::move(executable), Options(1, 10));
  Gate gate;
  std::thread caller([&] {
    TestCall now([&] {
      gate.Pass();
      EXPECT_FALSE(destroyed);
    });
    session.RunNow(now);
  });
  gate.WaitForArrivals(1);
  std::promise<void> closed;
  session.Close([&] { closed.set_value(); });
  EXPECT_FALSE(destroyed);
  gate.Open();
  closed.get_future().wait();
  EXPECT_TRUE(destroyed);
  caller.join();
}

class SessionStressTest : public testing::TestWithParam<int> {};

TEST_P(SessionStressTest, EveryCallOfManyThreadsFinishesOnce) {
  Session session(std::make_shared<FakeExecutable>(), Options(3, 100000, GetParam()));
  std::atomic<int> executed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      std::vector<std::shared_ptr<TestCall>> calls;
      int withdrawn = 0;
      for (int i = 0; i < 500; ++i) {
        auto call = std::make_shared<TestCall>([&] { ++executed; });
        session.Submit(call);
        if (i % 7 == 0 && session.Withdraw(call->id())) {
          ++withdrawn;
          ++executed;  // counted as if it had run
        } else {
          calls.push_back(std::move(call));
        }
        if (i % 50 == 0) {
          TestCall now([] {});
          session.RunNow(now);
        }
      }
      for (const auto& call : calls) EXPECT_EQ(call->Wait(), "");
      EXPECT_EQ(calls.size() + withdrawn, 500u);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(executed, 2000);
}

INSTANTIATE_TEST_SUITE_P(Spin, SessionStressTest, testing::Values(0, 20, 200));

}  // namespace
}  // namespace trtn
