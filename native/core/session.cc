// SPDX-License-Identifier: Apache-2.0
#include "core/session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/error.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace trtn {

namespace {

Error ClosedError() { return Error("ERR_TRT_RUN_CLOSED", "The session is closed."); }

void Pause() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

template <typename T>
void Remove(std::vector<T*>& items, const T* item) {
  items.erase(std::find(items.begin(), items.end(), item));
}

}  // namespace

Session::Session(std::shared_ptr<Executable> executable, const SessionOptions& options)
    : options_(options), executable_(std::move(executable)) {
  for (size_t i = 0; i < options_.contexts; ++i) free_.push_back(executable_->CreateContext());
  busy_.reserve(options_.contexts);
  running_.reserve(options_.contexts);
  live_threads_ = options_.contexts;
  try {
    for (size_t i = 0; i < options_.contexts; ++i) threads_.emplace_back([this] { Work(); });
  } catch (...) {
    // Those that started must end before the members go away.
    Abandon();
    throw;
  }
}

Session::~Session() { Abandon(); }

std::shared_ptr<Executable> Session::executable() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return executable_;
}

void Session::Submit(std::shared_ptr<Call> call) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (closed_) throw ClosedError();
  // A free context takes its call out of the queue at once: that call does not count as waiting.
  if (queue_.size() >= free_.size() + options_.max_queue) {
    throw Error("ERR_TRT_RUN_QUEUE_FULL", "Expected at most " + std::to_string(options_.max_queue) +
                                              " waiting calls (maxQueue), and as many wait already.");
  }
  queue_.push_back(std::move(call));
  SetQueueHint();
  WakeWorkerIfNeeded(lock);
}

void Session::WakeWorkerIfNeeded(std::unique_lock<std::mutex>& lock) {
  // A thread that spins sees the queue without a system call.
  const bool needed = IsReady() && queue_.size() > spinning_;
  lock.unlock();
  if (needed) wake_.notify_one();
}

bool Session::Withdraw(uint64_t id) {
  std::shared_ptr<Call> withdrawn;  // destroyed after the lock is released
  std::lock_guard<std::mutex> lock(mutex_);
  auto found =
      std::find_if(queue_.begin(), queue_.end(), [id](const auto& queued) { return queued->id() == id; });
  if (found == queue_.end()) return false;
  withdrawn = std::move(*found);
  queue_.erase(found);
  SetQueueHint();
  return true;
}

void Session::RunNow(Call& call) {
  std::unique_lock<std::mutex> lock(mutex_);
  ++waiting_now_;
  context_free_.wait(lock, [this] { return closed_ || !free_.empty(); });
  --waiting_now_;
  if (closed_) throw ClosedError();
  std::unique_ptr<ExecutionContext> context = TakeContext();
  running_.push_back(&call);
  // A queued call may have stood back for this one.
  WakeWorkerIfNeeded(lock);

  std::exception_ptr error;
  try {
    call.Execute(*context);
  } catch (...) {
    error = std::current_exception();
  }

  lock.lock();
  Remove(running_, &call);
  ReturnContext(std::move(context));
  WakeWorkerIfNeeded(lock);
  if (error) std::rethrow_exception(error);
}

std::unique_ptr<ExecutionContext> Session::TakeContext() {
  std::unique_ptr<ExecutionContext> context = std::move(free_.back());
  free_.pop_back();
  busy_.push_back(context.get());
  return context;
}

void Session::ReturnContext(std::unique_ptr<ExecutionContext> context) {
  Remove(busy_, context.get());
  free_.push_back(std::move(context));
  if (waiting_now_ > 0) context_free_.notify_one();
}

void Session::Spin() const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(options_.spin_us);
  do {
    for (int i = 0; i < 16; ++i) {
      if (queue_hint_.load(std::memory_order_acquire) > 0 || closed_hint_.load(std::memory_order_acquire))
        return;
      Pause();
    }
  } while (std::chrono::steady_clock::now() < end);
}

bool Session::WaitForCall(std::unique_lock<std::mutex>& lock) {
  // One thread that spins is enough: more of them take the cores that running calls need.
  if (!IsReady() && !closed_ && spinning_ == 0 && options_.spin_us > 0) {
    ++spinning_;
    lock.unlock();
    Spin();
    lock.lock();
    --spinning_;
  }
  wake_.wait(lock, [this] { return closed_ || IsReady(); });
  return IsReady();
}

void Session::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (WaitForCall(lock)) {
    std::shared_ptr<Call> call = std::move(queue_.front());
    queue_.pop_front();
    SetQueueHint();
    std::unique_ptr<ExecutionContext> context = TakeContext();
    running_.push_back(call.get());
    // Another call may have come while only this thread was told.
    WakeWorkerIfNeeded(lock);

    std::exception_ptr error;
    try {
      call->Execute(*context);
    } catch (...) {
      error = std::current_exception();
    }

    lock.lock();
    Remove(running_, call.get());
    ReturnContext(std::move(context));
    lock.unlock();
    call->Finish(std::move(error));
    call.reset();
    lock.lock();
  }
  if (--live_threads_ > 0) return;
  // The last thread: releasing a model takes long enough to keep it off the event loop.
  std::vector<std::unique_ptr<ExecutionContext>> contexts = std::move(free_);
  std::shared_ptr<Executable> executable = std::move(executable_);
  std::function<void()> on_closed = std::move(on_closed_);
  lock.unlock();
  contexts.clear();
  executable.reset();
  if (on_closed) on_closed();
}

bool Session::Close(std::function<void()> on_closed) {
  std::deque<std::shared_ptr<Call>> rejected;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return false;
    closed_ = true;
    closed_hint_.store(true, std::memory_order_release);
    on_closed_ = std::move(on_closed);
    rejected.swap(queue_);
    SetQueueHint();
  }
  const std::exception_ptr error = std::make_exception_ptr(ClosedError());
  for (const std::shared_ptr<Call>& call : rejected) call->Finish(error);
  wake_.notify_all();
  context_free_.notify_all();
  return true;
}

void Session::Abandon() noexcept {
  std::deque<std::shared_ptr<Call>> dropped;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    closed_hint_.store(true, std::memory_order_release);
    on_closed_ = nullptr;
    dropped.swap(queue_);
    SetQueueHint();
    for (ExecutionContext* context : busy_) context->Interrupt();
    for (Call* call : running_) call->Interrupt();
  }
  wake_.notify_all();
  context_free_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace trtn
