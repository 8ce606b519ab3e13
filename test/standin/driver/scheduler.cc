// SPDX-License-Identifier: Apache-2.0
#include "scheduler.h"

#include <time.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "capture.h"
#include "faults.h"
#include "memory.h"

namespace standin {
namespace {

constexpr double kSpinBelowUs = 100;
constexpr unsigned kMaxRandomDelayUs = 200;

/// This thread executes work of a stream, which must not wait for itself.
STANDIN_THREAD_LOCAL int t_working = 0;

const char* OpName(OpKind kind) {
  switch (kind) {
    case OpKind::kH2d:
      return "h2d";
    case OpKind::kD2h:
      return "d2h";
    case OpKind::kD2d:
      return "d2d";
    case OpKind::kMemset:
      return "memset";
    case OpKind::kKernel:
      return "kernel";
    case OpKind::kHost:
      return "host";
    default:
      return nullptr;
  }
}

Engine* EngineOf(Context& context, OpKind kind) {
  switch (kind) {
    case OpKind::kH2d:
      return &context.h2d;
    case OpKind::kD2h:
      return &context.d2h;
    case OpKind::kD2d:
    case OpKind::kMemset:
    case OpKind::kKernel:
      return &context.compute;
    default:
      return nullptr;
  }
}

/// Lets real time pass.
void Spend(double us) {
  if (us <= 0) return;
  const double end = NowUs() + us;
  if (us >= kSpinBelowUs) {
    timespec left;
    left.tv_sec = static_cast<time_t>(us / 1e6);
    left.tv_nsec = static_cast<long>((us - static_cast<double>(left.tv_sec) * 1e6) * 1e3);
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0) {
    }
  }
  while (NowUs() < end) {
  }
}

void Acquire(Lock& lock, Engine& engine) {
  if (!engine.is_busy) {
    engine.is_busy = true;
    return;
  }
  Engine::Waiter waiter;
  engine.waiting.push_back(&waiter);
  while (!waiter.is_granted) waiter.granted.wait(lock);
}

void Release(Engine& engine) {
  if (engine.waiting.empty()) {
    engine.is_busy = false;
    return;
  }
  State& s = state();
  const size_t chosen = s.configuration.is_reordering ? s.random() % engine.waiting.size() : 0;
  Engine::Waiter* next = engine.waiting[chosen];
  engine.waiting.erase(engine.waiting.begin() + static_cast<std::ptrdiff_t>(chosen));
  next->is_granted = true;
  next->granted.notify_one();
}

void Complete(Completion& completion) {
  completion.is_done = true;
  completion.time_us = NowUs();
  if (completion.waiters > 0) completion.reached.notify_all();
}

/// What an operation does to memory, and calls of others. Without the lock.
void DoEffect(const Op& op) {
  switch (op.kind) {
    case OpKind::kH2d:
    case OpKind::kD2h:
    case OpKind::kD2d:
      std::memmove(op.to, op.from, op.bytes);
      break;
    case OpKind::kMemset:
      if (op.width == 1) {
        std::memset(op.to, static_cast<int>(op.value), op.bytes);
      } else {
        for (size_t i = 0; i + 4 <= op.bytes; i += 4) std::memcpy(op.to + i, &op.value, 4);
      }
      break;
    case OpKind::kKernel: {
      KernelScope scope;
      op.kernel->run(op.kernel->argument);
      break;
    }
    case OpKind::kHost: {
      HostFunctionScope scope;
      op.host_function(op.host_data);
      break;
    }
    default:
      break;
  }
}

/// Whether an ordered fault hits this piece of work: then its context is lost.
bool IsHitByFault(Context& context, OpKind kind) {
  const char* name = OpName(kind);
  if (name == nullptr || !HasScrutiny(kFaults)) return false;
  const CUresult result = TakeFault(std::string("op:") + name);
  if (result != kSuccess && context.sticky == kSuccess) context.sticky = result;
  return result != kSuccess;
}

void CheckReady(const Op& op) {
  for (const AllocationRef& memory : op.memory) {
    if (memory != nullptr && !memory->is_ready && op.kind != OpKind::kAlloc) {
      Violate(std::string(OpName(op.kind) == nullptr ? "work" : OpName(op.kind)) + " uses memory at " +
              HexText(memory->address) + " before its allocation is reached");
    }
  }
}

/// A launch of a graph has come to its event node.
void RecordNow(Event& event) {
  event.capture.reset();
  event.nodes.clear();
  event.is_recorded = true;
  event.last.reset();
  event.time_us = NowUs();
}

/// Runs one operation or node.
void RunSimple(Lock& lock, Stream& stream, const Op& op) {
  Context& context = *stream.context;
  Engine* engine = EngineOf(context, op.kind);
  if (engine != nullptr) Acquire(lock, *engine);
  CheckReady(op);
  // On a context that is lost nothing runs any more.
  const bool is_lost = context.sticky != kSuccess || HasScrutiny(kGone) || IsHitByFault(context, op.kind);
  const bool is_recording = state().configuration.is_recording && OpName(op.kind) != nullptr && !is_lost;
  if (!is_lost && (engine != nullptr || op.kind == OpKind::kHost)) {
    lock.unlock();
    const double start = is_recording ? NowUs() : 0;
    Spend(op.duration_us);
    DoEffect(op);
    if (is_recording) {
      AddToTimeline({OpName(op.kind), op.kernel == nullptr ? "" : op.kernel->name, stream.number, op.bytes,
                     start, NowUs()});
    }
    lock.lock();
  }
  if (!is_lost && op.kind == OpKind::kEvent) RecordNow(*op.event);
  if (engine != nullptr) Release(*engine);
}

bool IsQuick(const Nodes& nodes) {
  return std::all_of(nodes.begin(), nodes.end(), [](const Node& node) {
    return node.op.duration_us <= 0 && node.op.kind != OpKind::kEvent;
  });
}

/// The nodes of a graph one by one, each after those that it depends on; which of the ready ones comes first
/// is left to chance when the configuration says so.
void RunGraph(Lock& lock, Stream& stream, const Nodes& nodes) {
  const Configuration& configuration = state().configuration;
  if (configuration.is_inline && !configuration.is_recording && !configuration.is_reordering &&
      !HasScrutiny(kFaults) && !HasScrutiny(kGone) && stream.context->sticky == kSuccess && IsQuick(nodes)) {
    for (const Node& node : nodes) CheckReady(node.op);
    lock.unlock();
    for (const Node& node : nodes) DoEffect(node.op);
    lock.lock();
    return;
  }
  if (!state().configuration.is_reordering) {
    for (const Node& node : nodes) RunSimple(lock, stream, node.op);
    return;
  }
  std::vector<char> is_done(nodes.size(), 0);
  for (size_t count = 0; count < nodes.size(); count++) {
    std::vector<size_t> ready;
    for (size_t i = 0; i < nodes.size(); i++) {
      const auto& after = nodes[i].after;
      const auto is_reached = [&](int before) { return is_done[static_cast<size_t>(before)] != 0; };
      if (!is_done[i] && std::all_of(after.begin(), after.end(), is_reached)) ready.push_back(i);
    }
    const size_t chosen = ready[state().random() % ready.size()];
    RunSimple(lock, stream, nodes[chosen].op);
    is_done[chosen] = 1;
  }
}

void Run(Lock& lock, Stream& stream, Op& op) {
  if (op.waits_for != nullptr) WaitFor(lock, op.waits_for);
  if (op.kind == OpKind::kGraph) {
    RunGraph(lock, stream, *op.nodes);
  } else {
    RunSimple(lock, stream, op);
  }
}

/// Adds `change` to the uses of all memory that the operation names.
void CountUses(const Op& op, int change) {
  if (op.kind == OpKind::kAlloc || op.kind == OpKind::kFree) return;
  for (const AllocationRef& memory : op.memory) {
    if (memory != nullptr) memory->uses += change;
  }
  if (op.nodes == nullptr) return;
  for (const Node& node : *op.nodes) CountUses(node.op, change);
}

/// The books after an operation ran.
void Finish(Stream& stream, Op& op) {
  CountUses(op, -1);
  if (op.kind == OpKind::kAlloc) op.memory[0]->is_ready = true;
  if (op.kind == OpKind::kFree && op.memory[0]->is_live) {
    Context& context = state().contexts[op.memory[0]->device];
    context.pool_used -= op.memory[0]->bytes;
    context.pool_reserved = std::max<size_t>(
        context.pool_used, std::min<uint64_t>(context.pool_reserved, context.pool_threshold));
    FreeNow("cuMemFreeAsync", op.memory[0]);
  }
  if (op.exec != nullptr) op.exec->in_flight--;
  if (op.completes != nullptr) Complete(*op.completes);
  stream.completed++;
  stream.is_running = false;
  if (stream.waiters > 0) stream.progress.notify_all();
  Context& context = *stream.context;
  if (--context.in_flight == 0 && context.waiters > 0) context.changed.notify_all();
}

/// Without the lock: kernels' arguments may be destroyed, which calls others. Before Finish(), so that
/// whoever waits for the work finds them destroyed.
void DropKernel(Op& op) { op.kernel.reset(); }

void RandomDelay(Lock& lock) {
  State& s = state();
  if (!s.configuration.is_reordering) return;
  const unsigned us = static_cast<unsigned>(s.random() % kMaxRandomDelayUs);
  if (us % 4 != 0) return;
  lock.unlock();
  Spend(us);
  lock.lock();
}

void Work(std::shared_ptr<Stream> stream) {
  t_working = 1;
  Lock lock(state().mutex);
  for (;;) {
    while (stream->is_running || (stream->queue.empty() && !stream->is_closing)) stream->work.wait(lock);
    if (stream->queue.empty()) return;
    {
      Op op = std::move(stream->queue.front());
      stream->queue.pop_front();
      stream->is_running = true;
      RandomDelay(lock);
      Run(lock, *stream, op);
      lock.unlock();
      DropKernel(op);
      lock.lock();
      Finish(*stream, op);
      // The last reference to a graph may go with the operation.
      lock.unlock();
    }
    lock.lock();
  }
}

void WakeWorker(const std::shared_ptr<Stream>& stream) {
  if (!stream->has_worker) {
    stream->has_worker = true;
    std::thread(Work, stream).detach();
  } else {
    stream->work.notify_one();
  }
}

bool CanRunHere(const Stream& stream, const Op& op) {
  return state().configuration.is_inline && !stream.is_running && stream.queue.empty() &&
         op.duration_us <= 0 && (op.waits_for == nullptr || op.waits_for->is_done);
}

}  // namespace

double CopyDuration(OpKind kind, size_t bytes) {
  const Configuration& c = state().configuration;
  const double mbps = kind == OpKind::kH2d ? c.h2d_mbps : kind == OpKind::kD2h ? c.d2h_mbps : 0;
  const double transfer = mbps > 0 ? static_cast<double>(bytes) / mbps : 0;
  return transfer + (kind == OpKind::kH2d || kind == OpKind::kD2h ? c.copy_us : 0);
}

void WaitFor(Lock& lock, const std::shared_ptr<Completion>& completion) {
  completion->waiters++;
  while (!completion->is_done) completion->reached.wait(lock);
  completion->waiters--;
}

void Enqueue(Lock& lock, const std::shared_ptr<Stream>& stream, Op&& op) {
  CountUses(op, 1);
  if (op.exec != nullptr) op.exec->in_flight++;
  stream->enqueued++;
  stream->context->in_flight++;
  if (!CanRunHere(*stream, op)) {
    stream->queue.push_back(std::move(op));
    WakeWorker(stream);
    return;
  }
  stream->is_running = true;
  t_working++;
  Run(lock, *stream, op);
  t_working--;
  Finish(*stream, op);
  if (!stream->queue.empty() || (stream->is_closing && stream->has_worker)) WakeWorker(stream);
  if (op.exec != nullptr && op.exec.use_count() == 1) {
    // The last reference to its kernels: destroying their arguments calls others.
    lock.unlock();
    op = Op();
    lock.lock();
  }
}

CUresult Submit(Call& call, const std::shared_ptr<Stream>& stream, Op&& op) {
  if (stream->context != call.context) {
    return call.Fail(kInvalidContext, "uses a stream of another context than the current one");
  }
  if (stream->capture != nullptr) return AddNode(*stream, std::move(op));
  Enqueue(call.lock, stream, std::move(op));
  return kSuccess;
}

void SynchronizeStream(Lock& lock, const std::shared_ptr<Stream>& stream) {
  const uint64_t target = stream->enqueued;
  stream->waiters++;
  while (stream->completed < target) stream->progress.wait(lock);
  stream->waiters--;
}

void SynchronizeContext(Lock& lock, Context& context) {
  for (const auto& stream : state().streams.All()) {
    if (stream->context == &context) SynchronizeStream(lock, stream);
  }
}

void WaitUntilIdle(Lock& lock, Context& context) {
  context.waiters++;
  while (context.in_flight > 0) context.changed.wait(lock);
  context.waiters--;
}

void SettleIfLost(Lock& lock, Context* context) {
  if (t_working > 0) return;
  const bool is_gone = HasScrutiny(kGone);
  if (context != nullptr) {
    if (is_gone || context->sticky != kSuccess) WaitUntilIdle(lock, *context);
  } else if (is_gone) {
    for (Context& each : state().contexts) WaitUntilIdle(lock, each);
  }
}

void CloseStream(Stream& stream) {
  stream.is_closing = true;
  if (stream.has_worker) stream.work.notify_one();
}

}  // namespace standin
