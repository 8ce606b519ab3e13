// SPDX-License-Identifier: Apache-2.0
// Primary contexts, and which one is current on a thread.
#include <vector>

#include "call.h"
#include "memory.h"
#include "scheduler.h"

namespace standin {
namespace {

// The deepest stack that a program may need here.
constexpr int kMaxDepth = 32;
STANDIN_THREAD_LOCAL Context* t_stack[kMaxDepth];
STANDIN_THREAD_LOCAL int t_depth = 0;

/// The context of a handle, null if it is none.
Context* ContextOf(CUcontext handle) {
  for (Context& context : state().contexts) {
    if (HandleOf(&context) == handle) return &context;
  }
  return nullptr;
}

size_t CountOf(const Context& context) {
  size_t count = 0;
  const auto add = [&](auto& object) {
    count += object.context == &context;
    return false;
  };
  state().streams.ForEach(add);
  state().events.ForEach(add);
  state().execs.ForEach(add);
  state().modules.ForEach(add);
  return count;
}

/// Everything that lives in the context goes with it.
void Dismantle(Context& context, Call& call) {
  context.is_ending = true;
  WaitUntilIdle(call.lock, context);
  State& s = state();
  const size_t objects = CountOf(context);
  const size_t memory = CountMemory(context.device);
  if (context.sticky == kSuccess && (objects > 0 || memory > 0)) {
    call.Fail(kSuccess, "ends a context that still has " + std::to_string(objects) +
                            " streams, events, executable graphs and modules and " + std::to_string(memory) +
                            " pieces of memory");
  }
  std::vector<std::shared_ptr<void>> garbage;
  for (const auto& stream : s.streams.All()) {
    if (stream->context == &context) CloseStream(*stream);
    garbage.push_back(stream);
  }
  for (const auto& exec : s.execs.All()) garbage.push_back(exec);
  const auto is_of = [&](auto& object) { return object.context == &context; };
  s.streams.ForEach(is_of);
  s.events.ForEach(is_of);
  s.execs.ForEach(is_of);
  s.modules.ForEach([&](Module& module) {
    const bool is_over = module.context == &context;
    if (is_over) module.is_loaded = false;
    return is_over;
  });
  FreeAll(context);
  const CUresult sticky = context.sticky;
  context.sticky = kSuccess;
  context.pool_used = context.pool_reserved = context.pool_high = 0;
  context.pool_threshold = 0;
  context.is_ending = false;
  if (context.waiters > 0) context.changed.notify_all();
  call.result = sticky;
  // Arguments of kernels are destroyed with the last reference, which may call the stand-in.
  call.lock.unlock();
  garbage.clear();
}

}  // namespace

Context* CurrentContext() { return t_depth == 0 ? nullptr : t_stack[t_depth - 1]; }

void PoisonCurrent(CUresult result) {
  Lock lock(state().mutex);
  Context* context = CurrentContext();
  // One that was released is not there any more, though it is still current: there is nothing to lose.
  if (context != nullptr && context->references > 0 && context->sticky == kSuccess) context->sticky = result;
}

}  // namespace standin

using namespace standin;  // NOLINT: the entry points below are all that follows

STANDIN_API CUresult cuDevicePrimaryCtxRetain(CUcontext* handle, CUdevice device) {
  Call call(Entry::cuDevicePrimaryCtxRetain, kNothing);
  if (call.result != kSuccess) return call.result;
  if (device < 0 || device >= kMaxDevices)
    return call.Fail(kInvalidDevice, "is given a device that is not there");
  Context& context = state().contexts[device];
  context.waiters++;
  while (context.is_ending) context.changed.wait(call.lock);
  context.waiters--;
  if (context.sticky != kSuccess) return context.sticky;
  context.references++;
  *handle = HandleOf(&context);
  return kSuccess;
}

STANDIN_API CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  Call call(Entry::cuDevicePrimaryCtxRelease_v2, kClosing);
  if (call.result != kSuccess) return call.result;
  if (device < 0 || device >= kMaxDevices || state().contexts[device].references == 0) {
    return call.Fail(kInvalidContext, "releases a context that nobody holds");
  }
  Context& context = state().contexts[device];
  if (--context.references > 0) return context.sticky;
  Dismantle(context, call);
  return call.Done();
}

STANDIN_API CUresult cuCtxSetCurrent(CUcontext handle) {
  Call call(Entry::cuCtxSetCurrent, kNothing);
  if (call.result != kSuccess) return call.result;
  Context* context = ContextOf(handle);
  if (handle != nullptr && (context == nullptr || context->references == 0)) {
    return call.Fail(kInvalidContext, "is given a context that is not there");
  }
  if (t_depth > 0) t_depth--;
  if (context != nullptr) t_stack[t_depth++] = context;
  return kSuccess;
}

STANDIN_API CUresult cuCtxGetCurrent(CUcontext* handle) {
  Call call(Entry::cuCtxGetCurrent, kNothing);
  if (call.result != kSuccess) return call.result;
  *handle = HandleOf(CurrentContext());
  return kSuccess;
}

STANDIN_API CUresult cuCtxPushCurrent_v2(CUcontext handle) {
  Call call(Entry::cuCtxPushCurrent_v2, kNothing);
  if (call.result != kSuccess) return call.result;
  Context* context = ContextOf(handle);
  if (context == nullptr || context->references == 0) {
    return call.Fail(kInvalidContext, "is given a context that is not there");
  }
  if (t_depth == kMaxDepth) return call.Fail(kInvalidContext, "finds the stack of contexts full");
  t_stack[t_depth++] = context;
  return kSuccess;
}

STANDIN_API CUresult cuCtxPopCurrent_v2(CUcontext* handle) {
  Call call(Entry::cuCtxPopCurrent_v2, kClosing);
  if (call.result != kSuccess) return call.result;
  if (t_depth == 0) return call.Fail(kInvalidContext, "pops from an empty stack");
  if (handle != nullptr) *handle = HandleOf(CurrentContext());
  t_depth--;
  return call.Ordered();
}

STANDIN_API CUresult cuCtxSynchronize() {
  Call call(Entry::cuCtxSynchronize, kCurrentContext | kWaiting | kUnsafeInCapture);
  if (call.result != kSuccess) return call.result;
  SynchronizeContext(call.lock, *call.context);
  return call.context->sticky;
}

STANDIN_API CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
  Call call(Entry::cuCtxGetStreamPriorityRange, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  if (least != nullptr) *least = 0;
  if (greatest != nullptr) *greatest = -5;
  return kSuccess;
}
