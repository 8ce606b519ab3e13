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

/// What EnterThread() threw, null on success.
std::exception_ptr Enter(Executable& executable) noexcept {
  try {
    executable.EnterThread();
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

class ForeignThread {
 public:
  explicit ForeignThread(Executable& executable) : executable_(executable) {
    executable_.EnterForeignThread();
  }
  ~ForeignThread() { executable_.LeaveForeignThread(); }
  ForeignThread(const ForeignThread&) = delete;
  ForeignThread& operator=(const ForeignThread&) = delete;

 private:
  Executable& executable_;
};

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
  if (call->IsExclusive()) ++exclusive_waiting_;
  queue_.push_back(std::move(call));
  SetQueueHint();
  WakeWorkerIfNeeded(lock);
}

bool Session::IsReady() const {
  if (queue_.empty() || free_.empty() || exclusive_running_) return false;
  if (exclusive_waiting_ == 0) return waiting_now_ == 0;
  return !queue_.front()->IsExclusive() || free_.size() == options_.contexts;
}

bool Session::IsFreeForNow(const Call& call) const {
  if (free_.empty() || exclusive_running_ || exclusive_waiting_ > 0) return false;
  return !call.IsExclusive() || free_.size() == options_.contexts;
}

void Session::WakeWorkerIfNeeded(std::unique_lock<std::mutex>& lock) {
  // A thread that spins sees the queue without a system call.
  const bool needed = IsReady() && queue_.size() > spinning_;
  lock.unlock();
  if (needed) wake_.notify_one();
}

bool Session::Withdraw(uint64_t id) {
  std::shared_ptr<Call> withdrawn;  // destroyed after the lock is released
  std::unique_lock<std::mutex> lock(mutex_);
  auto found =
      std::find_if(queue_.begin(), queue_.end(), [id](const auto& queued) { return queued->id() == id; });
  if (found == queue_.end()) return false;
  withdrawn = std::move(*found);
  queue_.erase(found);
  SetQueueHint();
  if (!withdrawn->IsExclusive()) return true;
  // Others may have stood back for it.
  --exclusive_waiting_;
  if (waiting_now_ > 0) context_free_.notify_all();
  WakeWorkerIfNeeded(lock);
  return true;
}

void Session::RunNow(Call& call) {
  std::unique_lock<std::mutex> lock(mutex_);
  ++waiting_now_;
  context_free_.wait(lock, [this, &call] { return closed_ || IsFreeForNow(call); });
  --waiting_now_;
  if (closed_) throw ClosedError();
  std::unique_ptr<ExecutionContext> context = StartCall(call);
  Executable& executable = *executable_;
  // A queued call may have stood back for this one.
  WakeWorkerIfNeeded(lock);

  std::exception_ptr error;
  try {
    ForeignThread entered(executable);
    call.Execute(*context);
  } catch (...) {
    error = std::current_exception();
  }

  lock.lock();
  EndCall(call, std::move(context));
  WakeWorkerIfNeeded(lock);
  if (error) std::rethrow_exception(error);
}

std::unique_ptr<ExecutionContext> Session::StartCall(Call& call) {
  std::unique_ptr<ExecutionContext> context = std::move(free_.back());
  free_.pop_back();
  busy_.push_back(context.get());
  running_.push_back(&call);
  exclusive_running_ = call.IsExclusive();
  return context;
}

void Session::EndCall(Call& call, std::unique_ptr<ExecutionContext> context) {
  Remove(running_, &call);
  Remove(busy_, context.get());
  free_.push_back(std::move(context));
  exclusive_running_ = false;
  if (waiting_now_ == 0 && !closed_) return;
  // More than one may go on after an exclusive call, and only some of those that wait may be able to.
  if (call.IsExclusive() || waiting_now_ > 1 || closed_) {
    context_free_.notify_all();
  } else {
    context_free_.notify_one();
  }
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

std::shared_ptr<Call> Session::TakeCall() {
  std::shared_ptr<Call> call = std::move(queue_.front());
  queue_.pop_front();
  if (call->IsExclusive()) --exclusive_waiting_;
  SetQueueHint();
  return call;
}

void Session::Work() {
  // Stays until the last thread has left its loop.
  Executable& executable = *executable_;
  std::exception_ptr not_entered = Enter(executable);
  std::unique_lock<std::mutex> lock(mutex_);
  while (WaitForCall(lock)) {
    std::shared_ptr<Call> call = TakeCall();
    std::unique_ptr<ExecutionContext> context = StartCall(*call);
    // Another call may have come while only this thread was told.
    WakeWorkerIfNeeded(lock);

    // What failed once may work by now.
    if (not_entered) not_entered = Enter(executable);
    std::exception_ptr error = not_entered ? not_entered : Execute(*call, *context);

    lock.lock();
    EndCall(*call, std::move(context));
    if (call->IsExclusive()) {
      WakeWorkerIfNeeded(lock);
    } else {
      lock.unlock();
    }
    call->Finish(std::move(error));
    call.reset();
    lock.lock();
  }
  lock.unlock();
  if (!not_entered) executable.LeaveThread();
  lock.lock();
  if (--live_threads_ == 0) ReleaseModel(lock);
}

std::exception_ptr Session::Execute(Call& call, ExecutionContext& context) noexcept {
  try {
    call.Execute(context);
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

/// On the last thread: releasing a model takes long enough to keep it off the event loop.
void Session::ReleaseModel(std::unique_lock<std::mutex>& lock) {
  // A call of RunNow() may still have a context.
  context_free_.wait(lock, [this] { return busy_.empty(); });
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
    exclusive_waiting_ = 0;
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
    exclusive_waiting_ = 0;
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
