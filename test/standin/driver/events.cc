// SPDX-License-Identifier: Apache-2.0
#include "capture.h"
#include "scheduler.h"

namespace standin {
namespace {

constexpr unsigned kDisableTiming = 2;
constexpr unsigned kRecordExternal = 1;

bool IsDone(const Event& event) { return event.last == nullptr || event.last->is_done; }

double TimeOf(const Event& event) { return event.last == nullptr ? event.time_us : event.last->time_us; }

/// In a stream that captures: a fork of the capture, or with `is_external` a node that records the event.
CUresult Capture(Stream& stream, const std::shared_ptr<Event>& event, bool is_external) {
  if (is_external) {
    Op op;
    op.kind = OpKind::kEvent;
    op.event = event;
    return AddNode(stream, std::move(op));
  }
  if (stream.capture->is_broken) return kCaptureInvalidated;
  event->capture = stream.capture;
  event->nodes = stream.tail;
  return kSuccess;
}

CUresult Record(Call& call, CUevent handle, CUstream stream_handle, bool is_external) {
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Stream> stream = FindStream(call, stream_handle);
  const std::shared_ptr<Event> event = stream == nullptr ? nullptr : FindEvent(call, handle);
  if (event == nullptr) return kInvalidHandle;
  if (stream->context != event->context)
    return call.Fail(kInvalidHandle, "is given an event of another context");
  if (stream->capture != nullptr) return Capture(*stream, event, is_external);
  if (is_external) return call.Fail(kInvalidValue, "records an external event outside of a capture");
  event->capture.reset();
  event->nodes.clear();
  event->is_recorded = true;
  if (stream->completed == stream->enqueued && stream->context == call.context) {
    event->last.reset();
    event->time_us = event->flags & kDisableTiming ? 0 : NowUs();
    return kSuccess;
  }
  auto completion = std::make_shared<Completion>();
  event->last = completion;
  Op op;
  op.completes = std::move(completion);
  return Submit(call, stream, std::move(op));
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: the entry points below are all that follows

STANDIN_API CUresult cuEventCreate(CUevent* handle, unsigned flags) {
  Call call(Entry::cuEventCreate, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  auto event = std::make_shared<Event>();
  event->context = call.context;
  event->flags = flags;
  *handle = state().events.Add(std::move(event));
  return kSuccess;
}

STANDIN_API CUresult cuEventDestroy_v2(CUevent handle) {
  std::shared_ptr<Event> garbage;
  Call call(Entry::cuEventDestroy_v2, kCurrentContext | kClosing);
  if (call.result != kSuccess) return call.result;
  if (FindEvent(call, handle) == nullptr) return kInvalidHandle;
  garbage = state().events.Remove(handle);
  garbage->is_live = false;
  return call.Done();
}

STANDIN_API CUresult cuEventRecord(CUevent handle, CUstream stream_handle) {
  Call call(Entry::cuEventRecord, kCurrentContext);
  return Record(call, handle, stream_handle, false);
}

STANDIN_API CUresult cuEventRecordWithFlags(CUevent handle, CUstream stream_handle, unsigned flags) {
  Call call(Entry::cuEventRecordWithFlags, kCurrentContext);
  return Record(call, handle, stream_handle, (flags & kRecordExternal) != 0);
}

STANDIN_API CUresult cuEventQuery(CUevent handle) {
  Call call(Entry::cuEventQuery, kCurrentContext | kUnsafeInCapture);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Event> event = FindEvent(call, handle);
  if (event == nullptr) return kInvalidHandle;
  if (event->capture != nullptr) return kCapturedEvent;
  return IsDone(*event) ? kSuccess : kNotReady;
}

STANDIN_API CUresult cuEventSynchronize(CUevent handle) {
  Call call(Entry::cuEventSynchronize, kCurrentContext | kWaiting | kUnsafeInCapture);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Event> event = FindEvent(call, handle);
  if (event == nullptr) return kInvalidHandle;
  if (event->capture != nullptr) return kCapturedEvent;
  const std::shared_ptr<Completion> last = event->last;
  if (last != nullptr) WaitFor(call.lock, last);
  return event->context->sticky;
}

STANDIN_API CUresult cuEventElapsedTime(float* milliseconds, CUevent start_handle, CUevent end_handle) {
  Call call(Entry::cuEventElapsedTime, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Event> start = FindEvent(call, start_handle);
  const std::shared_ptr<Event> end = start == nullptr ? nullptr : FindEvent(call, end_handle);
  if (end == nullptr) return kInvalidHandle;
  for (const Event* event : {start.get(), end.get()}) {
    if (!event->is_recorded || (event->flags & kDisableTiming)) {
      return call.Fail(kInvalidHandle, "is given an event without a time");
    }
  }
  if (!IsDone(*start) || !IsDone(*end)) return kNotReady;
  *milliseconds = static_cast<float>((TimeOf(*end) - TimeOf(*start)) / 1000);
  return kSuccess;
}
