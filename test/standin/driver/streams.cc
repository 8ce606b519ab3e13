// SPDX-License-Identifier: Apache-2.0
#include "capture.h"
#include "scheduler.h"
#include "standin.h"

namespace standin {
namespace {

constexpr unsigned kNonBlocking = 1;

CUresult Create(Call& call, CUstream* handle, unsigned flags, int priority) {
  if (flags != kNonBlocking) call.Fail(kSuccess, "makes a stream that waits for the default stream");
  auto stream = std::make_shared<Stream>();
  stream->context = call.context;
  stream->priority = priority < -5 ? -5 : priority > 0 ? 0 : priority;
  *handle = state().streams.Add(stream);
  // The number that the timeline shows: 1 for the first one.
  stream->number = (reinterpret_cast<uintptr_t>(*handle) & 0xffffffffff) / 16;
  return kSuccess;
}

/// Waiting for a stream that captures breaks the capture, whichever thread does it.
bool BreaksCapture(const Stream& stream) {
  if (stream.capture == nullptr) return false;
  BreakCapture(*stream.capture);
  return true;
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: the entry points below are all that follows

STANDIN_API CUresult cuStreamCreate(CUstream* handle, unsigned flags) {
  Call call(Entry::cuStreamCreate, kCurrentContext);
  return call.result != kSuccess ? call.result : Create(call, handle, flags, 0);
}

STANDIN_API CUresult cuStreamCreateWithPriority(CUstream* handle, unsigned flags, int priority) {
  Call call(Entry::cuStreamCreateWithPriority, kCurrentContext);
  return call.result != kSuccess ? call.result : Create(call, handle, flags, priority);
}

STANDIN_API CUresult cuStreamDestroy_v2(CUstream handle) {
  std::shared_ptr<Capture> garbage;
  Call call(Entry::cuStreamDestroy_v2, kCurrentContext | kClosing);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  if (stream == nullptr) return kInvalidHandle;
  if (stream->capture != nullptr) {
    BreakCapture(*stream->capture);
    call.Fail(kSuccess, "destroys a stream that captures");
    garbage = stream->capture;
  }
  state().streams.Remove(handle);
  CloseStream(*stream);
  return call.Done();
}

STANDIN_API CUresult cuStreamSynchronize(CUstream handle) {
  Call call(Entry::cuStreamSynchronize, kCurrentContext | kWaiting | kUnsafeInCapture);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  if (stream == nullptr) return kInvalidHandle;
  if (BreaksCapture(*stream)) return kCaptureUnsupported;
  SynchronizeStream(call.lock, stream);
  return stream->context->sticky;
}

STANDIN_API CUresult cuStreamQuery(CUstream handle) {
  Call call(Entry::cuStreamQuery, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  if (stream == nullptr) return kInvalidHandle;
  if (BreaksCapture(*stream)) return kCaptureUnsupported;
  return stream->completed < stream->enqueued ? kNotReady : kSuccess;
}

STANDIN_API CUresult cuStreamGetPriority(CUstream handle, int* priority) {
  Call call(Entry::cuStreamGetPriority, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  if (stream == nullptr) return kInvalidHandle;
  *priority = stream->priority;
  return kSuccess;
}

STANDIN_API CUresult cuStreamWaitEvent(CUstream handle, CUevent event_handle, unsigned) {
  Call call(Entry::cuStreamWaitEvent, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  const std::shared_ptr<Event> event = stream == nullptr ? nullptr : FindEvent(call, event_handle);
  if (event == nullptr) return kInvalidHandle;
  if (event->capture != nullptr) return JoinCapture(call, stream, *event);
  if (!event->is_recorded) return kSuccess;
  if (stream->capture != nullptr) {
    BreakCapture(*stream->capture);
    return kCaptureIsolation;
  }
  if (event->last == nullptr || event->last->is_done) return kSuccess;
  Op op;
  op.kind = OpKind::kWait;
  op.waits_for = event->last;
  return Submit(call, stream, std::move(op));
}

STANDIN_API CUresult cuLaunchHostFunc(CUstream handle, void (*function)(void*), void* data) {
  Call call(Entry::cuLaunchHostFunc, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  if (stream == nullptr) return kInvalidHandle;
  Op op;
  op.kind = OpKind::kHost;
  op.host_function = function;
  op.host_data = data;
  return Submit(call, stream, std::move(op));
}

STANDIN_API int trtn_standin_launch(void* handle, const char* name, double duration_us, void (*run)(void*),
                                    void* argument, void (*destroy)(void*)) {
  // Kept until the lock is given back: the last reference calls `destroy`.
  auto kernel = std::make_shared<KernelCall>();
  kernel->name = name;
  kernel->run = run;
  kernel->argument = argument;
  kernel->destroy = destroy;
  Call call(Entry::cuLaunchKernel, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Stream> stream = FindStream(call, static_cast<CUstream>(handle));
  if (stream == nullptr) return kInvalidHandle;
  Op op;
  op.kind = OpKind::kKernel;
  op.duration_us = duration_us;
  op.kernel = kernel;
  return Submit(call, stream, std::move(op));
}
