// SPDX-License-Identifier: Apache-2.0
#include "call.h"

#include <cstdio>
#include <utility>

#include "capture.h"
#include "control.h"
#include "scheduler.h"

namespace standin {

Allocation::~Allocation() {
  if (kind != MemoryKind::kRegistered) std::free(address);
}

State& state() {
  static State* instance = [] {
    State* made = new State;
    for (int i = 0; i < kMaxDevices; i++) made->contexts[i].device = i;
    ConfigureFromEnvironment(*made);
    return made;
  }();
  return *instance;
}

Call::Call(Entry entry, unsigned needs) : entry_(entry) {
  result = Enter(entry);
  // What closes does its work on a lost device, and then says that it is lost.
  if (IsSticky(result) && (needs & kClosing)) ordered_ = std::exchange(result, kSuccess);
  // A result that was ordered. Who waits or frees may rely on it that nothing runs on a lost device.
  if (result != kSuccess && !(IsSticky(result) && (needs & (kWaiting | kClosing)))) return;
  State& s = state();
  lock = Lock(s.mutex);
  if (needs & (kWaiting | kClosing)) SettleIfLost(lock, CurrentContext());
  if (result != kSuccess) return;
  if (!s.is_initialised && !(needs & kBeforeInit)) {
    result = Fail(kNotInitialized, "comes before cuInit");
    return;
  }
  context = CurrentContext();
  if (needs & kCurrentContext) CheckContext(needs);
  if (result == kSuccess && (needs & kUnsafeInCapture) && !s.captures.empty() && BreakCaptureOfThread()) {
    result = kCaptureUnsupported;
  }
}

void Call::CheckContext(unsigned needs) {
  // A device that is gone refuses to be made current: that is no fault of the caller.
  if (context == nullptr && HasScrutiny(kGone)) {
    if (!(needs & kClosing)) result = kDeviceUnavailable;
  } else if (context == nullptr) {
    result = Fail(kInvalidContext, "is called without a current context");
  } else if (context->references == 0) {
    result = Fail(kInvalidContext, "is called with a context that was released");
  } else if (context->sticky != kSuccess && !(needs & kClosing)) {
    result = context->sticky;
  }
}

CUresult Call::Fail(CUresult failure, const std::string& text) const {
  Violate(std::string(name()) + " " + text);
  return failure;
}

CUresult Call::Done() const {
  if (ordered_ != kSuccess) return ordered_;
  if (context != nullptr && context->sticky != kSuccess) return context->sticky;
  return HasScrutiny(kGone) ? kDeviceUnavailable : kSuccess;
}

namespace {

template <typename Table, typename Handle>
auto FindIn(const Table& table, const Call& call, Handle handle, const char* what) {
  auto found = table.Find(handle);
  if (found == nullptr) {
    const char* why = table.WasThere(handle) ? " that was destroyed" : " that never was one";
    if (handle == nullptr) why = " that is null";
    call.Fail(kInvalidHandle, std::string("is given ") + what + why);
  }
  return found;
}

}  // namespace

std::shared_ptr<Stream> FindStream(const Call& call, CUstream handle) {
  // 0, 1 and 2 are the default streams, which order themselves against all others.
  if (reinterpret_cast<uintptr_t>(handle) <= 2) {
    call.Fail(kInvalidHandle, "uses a default stream");
    return nullptr;
  }
  return FindIn(state().streams, call, handle, "a stream");
}

std::shared_ptr<Event> FindEvent(const Call& call, CUevent handle) {
  return FindIn(state().events, call, handle, "an event");
}

std::shared_ptr<Graph> FindGraph(const Call& call, CUgraph handle) {
  return FindIn(state().graphs, call, handle, "a graph");
}

std::shared_ptr<GraphExec> FindExec(const Call& call, CUgraphExec handle) {
  return FindIn(state().execs, call, handle, "an executable graph");
}

std::string HexText(const void* address) {
  char text[32];
  std::snprintf(text, sizeof text, "%p", address);
  return text;
}

}  // namespace standin
