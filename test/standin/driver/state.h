// SPDX-License-Identifier: Apache-2.0
//
// All objects of the stand-in driver. One lock guards them; it is never held while memory is copied, a kernel
// runs or a thread waits. Objects are found by handles that are never used twice, so that a destroyed one is
// told from a live one; work that is queued keeps what it needs by shared_ptr.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "api.h"

namespace standin {

struct Capture;
struct Event;
struct GraphExec;
struct Stream;

constexpr int kMaxDevices = 16;

enum class MemoryKind { kDevice, kPooled, kPinned, kRegistered };

/// A block of memory; `address` is real memory of this process also for a device.
struct Allocation {
  Allocation() = default;
  ~Allocation();
  Allocation(const Allocation&) = delete;
  Allocation& operator=(const Allocation&) = delete;

  MemoryKind kind = MemoryKind::kDevice;
  char* address = nullptr;
  size_t bytes = 0;
  int device = 0;
  unsigned flags = 0;
  bool is_live = true;
  /// cuMemFreeAsync was called, but its stream is not there yet.
  bool is_freeing = false;
  /// The stream of cuMemAllocAsync has passed the allocation.
  bool is_ready = true;
  /// Queued or running work that names it.
  int uses = 0;
};
using AllocationRef = std::shared_ptr<Allocation>;

/// Something that a stream will reach.
struct Completion {
  bool is_done = false;
  double time_us = 0;
  int waiters = 0;
  std::condition_variable reached;
};

/// A kernel that was launched; `destroy` is called with the last reference to it, without the lock.
struct KernelCall {
  std::string name;
  void (*run)(void*) = nullptr;
  void* argument = nullptr;
  void (*destroy)(void*) = nullptr;
  ~KernelCall() {
    if (destroy != nullptr) destroy(argument);
  }
};

enum class OpKind {
  kH2d,
  kD2h,
  kD2d,
  kMemset,
  kKernel,
  kHost,
  kRecord,
  kWait,
  kAlloc,
  kFree,
  kGraph,
  kEvent
};

/// A piece of work for a stream, or a node of a graph.
struct Op {
  OpKind kind = OpKind::kRecord;
  char* to = nullptr;
  const char* from = nullptr;
  size_t bytes = 0;
  uint32_t value = 0;
  /// Bytes per element of a memset.
  int width = 1;
  double duration_us = 0;
  /// What it reads and writes; counted in Allocation::uses while the work is queued.
  AllocationRef memory[2];
  std::shared_ptr<KernelCall> kernel;
  void (*host_function)(void*) = nullptr;
  void* host_data = nullptr;
  /// kRecord: what it completes. kWait and kGraph: what it waits for.
  std::shared_ptr<Completion> completes, waits_for;
  /// kEvent: the event that a launch of the graph records when it gets there.
  std::shared_ptr<Event> event;
  std::shared_ptr<GraphExec> exec;
  std::shared_ptr<const std::vector<struct Node>> nodes;
};

struct Node {
  Op op;
  /// Nodes before it, all with lower indices.
  std::vector<int> after;
};
using Nodes = std::vector<Node>;

/// Serves one piece of work at a time, in the order in which they became ready.
struct Engine {
  struct Waiter {
    std::condition_variable granted;
    bool is_granted = false;
  };
  bool is_busy = false;
  std::deque<Waiter*> waiting;
};

/// The primary context of a device.
struct Context {
  int device = 0;
  int references = 0;
  /// The first sticky error, until the context goes.
  CUresult sticky = kSuccess;
  size_t device_bytes = 0;
  size_t pool_used = 0, pool_reserved = 0, pool_high = 0;
  uint64_t pool_threshold = 0;
  /// Work of all streams that is queued or runs, of streams that were destroyed too.
  size_t in_flight = 0;
  /// The last reference went, and what lives in it is being taken down.
  bool is_ending = false;
  int waiters = 0;
  /// `in_flight` came to 0, or the end is over.
  std::condition_variable changed;
  Engine h2d, d2h, compute;
};

struct Stream {
  uint64_t number = 0;
  Context* context = nullptr;
  int priority = 0;
  std::deque<Op> queue;
  /// A worker or, in the mode `inline`, a caller executes something of this stream.
  bool is_running = false;
  bool has_worker = false;
  bool is_closing = false;
  uint64_t enqueued = 0, completed = 0;
  int waiters = 0;
  std::condition_variable work, progress;
  std::shared_ptr<Capture> capture;
  /// The nodes that the next one comes after, while it captures.
  std::vector<int> tail;
};

struct Event {
  Context* context = nullptr;
  unsigned flags = 0;
  bool is_recorded = false;
  bool is_live = true;
  /// Null when it was reached at once.
  std::shared_ptr<Completion> last;
  double time_us = 0;
  /// Set by a record in a capturing stream.
  std::shared_ptr<Capture> capture;
  std::vector<int> nodes;
};

enum class CaptureMode { kGlobal = 0, kThreadLocal = 1, kRelaxed = 2 };

struct Capture {
  CaptureMode mode = CaptureMode::kThreadLocal;
  int thread = 0;
  Stream* origin = nullptr;
  bool is_broken = false;
  bool is_over = false;
  Nodes nodes;
  /// All that joined, the origin included.
  std::vector<std::shared_ptr<Stream>> streams;
};

struct Graph {
  std::shared_ptr<const Nodes> nodes;
};

struct GraphExec {
  Context* context = nullptr;
  std::shared_ptr<const Nodes> nodes;
  double duration_us = 0;
  std::shared_ptr<Completion> last_launch;
  int in_flight = 0;
};

struct Module {
  Context* context = nullptr;
  /// Empty for machine code.
  std::string ptx;
  bool is_loaded = true;
};

struct Function {
  std::shared_ptr<Module> module;
  std::string symbol;
};

/// Objects of one kind by handle. Handles are addresses that no program has, one after the other.
template <typename T, typename Handle, uintptr_t kBase>
class HandleTable {
 public:
  Handle Add(std::shared_ptr<T> object) {
    objects_.push_back(std::move(object));
    live_++;
    return reinterpret_cast<Handle>(kBase + objects_.size() * 16);
  }
  std::shared_ptr<T> Find(Handle handle) const {
    const size_t index = Index(handle);
    return index < objects_.size() ? objects_[index] : nullptr;
  }
  /// Whether it was there once.
  bool WasThere(Handle handle) const { return Index(handle) < objects_.size(); }
  std::shared_ptr<T> Remove(Handle handle) {
    const size_t index = Index(handle);
    if (index >= objects_.size() || objects_[index] == nullptr) return nullptr;
    live_--;
    return std::move(objects_[index]);
  }
  size_t live() const { return live_; }
  template <typename F>
  void ForEach(F&& visit) {
    for (auto& object : objects_) {
      if (object != nullptr && visit(*object)) {
        object.reset();
        live_--;
      }
    }
  }
  std::vector<std::shared_ptr<T>> All() const {
    std::vector<std::shared_ptr<T>> all;
    for (const auto& object : objects_) {
      if (object != nullptr) all.push_back(object);
    }
    return all;
  }

 private:
  static size_t Index(Handle handle) {
    const uintptr_t value = reinterpret_cast<uintptr_t>(handle);
    return value > kBase && value % 16 == 0 ? (value - kBase) / 16 - 1 : SIZE_MAX;
  }
  std::vector<std::shared_ptr<T>> objects_;
  size_t live_ = 0;
};

struct Configuration {
  bool is_inline = false;
  double h2d_mbps = 0, d2h_mbps = 0, copy_us = 0;
  uint64_t memory_bytes = uint64_t{80} << 30;
  bool has_pools = true, is_integrated = false, is_mig = false;
  bool is_reordering = false;
  bool is_recording = false;
};

using Lock = std::unique_lock<std::mutex>;

struct State {
  std::mutex mutex;
  bool is_initialised = false;
  Configuration configuration;
  std::mt19937_64 random;
  Context contexts[kMaxDevices];
  HandleTable<Stream, CUstream, 0x510000000000> streams;
  HandleTable<Event, CUevent, 0x520000000000> events;
  HandleTable<Graph, CUgraph, 0x530000000000> graphs;
  HandleTable<GraphExec, CUgraphExec, 0x540000000000> execs;
  HandleTable<Module, CUmodule, 0x550000000000> modules;
  HandleTable<Function, CUfunction, 0x560000000000> functions;
  std::map<const char*, AllocationRef> device_memory, host_memory;
  /// Freed a short time ago: their addresses are not given out again at once.
  std::deque<AllocationRef> freed;
  size_t device_allocations = 0, device_bytes = 0, host_bytes = 0;
  std::vector<std::shared_ptr<Capture>> captures;
};

/// Never destroyed: threads of streams may outlive main().
State& state();

inline CUcontext HandleOf(const Context* context) {
  return context == nullptr ? nullptr : reinterpret_cast<CUcontext>(0x500000000010 + context->device * 16);
}

}  // namespace standin
