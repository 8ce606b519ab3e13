// SPDX-License-Identifier: Apache-2.0
#include "capture.h"

#include <algorithm>

namespace standin {
namespace {

STANDIN_THREAD_LOCAL CaptureMode t_mode = CaptureMode::kGlobal;

/// Adds what is not there yet.
void Unite(std::vector<int>& into, const std::vector<int>& from) {
  for (const int node : from) {
    if (std::find(into.begin(), into.end(), node) == into.end()) into.push_back(node);
  }
}

/// Every piece of work must be before the end of the stream where the capture began.
bool IsJoined(const Capture& capture, const Stream& origin) {
  std::vector<char> has_next(capture.nodes.size(), 0);
  for (const Node& node : capture.nodes) {
    for (const int before : node.after) has_next[static_cast<size_t>(before)] = 1;
  }
  for (size_t i = 0; i < capture.nodes.size(); i++) {
    const bool is_end =
        std::find(origin.tail.begin(), origin.tail.end(), static_cast<int>(i)) != origin.tail.end();
    if (!has_next[i] && !is_end) return false;
  }
  return true;
}

void EndCapture(const std::shared_ptr<Capture>& capture) {
  capture->is_over = true;
  for (const auto& stream : capture->streams) {
    stream->capture.reset();
    stream->tail.clear();
  }
  capture->streams.clear();
  auto& all = state().captures;
  all.erase(std::remove(all.begin(), all.end(), capture), all.end());
}

}  // namespace

void BreakCapture(Capture& capture) { capture.is_broken = true; }

bool BreakCaptureOfThread() {
  if (t_mode == CaptureMode::kRelaxed) return false;
  bool is_forbidden = false;
  for (const auto& capture : state().captures) {
    const bool is_mine = capture->thread == ThreadNumber();
    const bool is_hit = capture->mode == CaptureMode::kGlobal
                            ? is_mine || t_mode == CaptureMode::kGlobal
                            : capture->mode == CaptureMode::kThreadLocal && is_mine;
    if (!is_hit) continue;
    capture->is_broken = true;
    is_forbidden = true;
  }
  return is_forbidden;
}

CUresult AddNode(Stream& stream, Op&& op) {
  Capture& capture = *stream.capture;
  if (capture.is_broken) return kCaptureInvalidated;
  capture.nodes.push_back({std::move(op), stream.tail});
  stream.tail.assign(1, static_cast<int>(capture.nodes.size()) - 1);
  return kSuccess;
}

CUresult JoinCapture(const Call& call, const std::shared_ptr<Stream>& stream, const Event& event) {
  const std::shared_ptr<Capture>& capture = event.capture;
  if (capture->is_over) {
    return call.Fail(kCaptureInvalidated, "waits for an event of a capture that is over");
  }
  if (capture->is_broken) return kCaptureInvalidated;
  if (stream->capture != nullptr && stream->capture != capture) {
    BreakCapture(*stream->capture);
    BreakCapture(*capture);
    return kCaptureMerge;
  }
  if (stream->capture == nullptr) {
    stream->capture = capture;
    stream->tail.clear();
    capture->streams.push_back(stream);
  }
  Unite(stream->tail, event.nodes);
  return kSuccess;
}

}  // namespace standin

using namespace standin;  // NOLINT: the entry points below are all that follows

STANDIN_API CUresult cuStreamBeginCapture_v2(CUstream handle, int mode) {
  Call call(Entry::cuStreamBeginCapture_v2, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  if (stream == nullptr) return kInvalidHandle;
  if (mode < 0 || mode > 2) return call.Fail(kInvalidValue, "is given no mode");
  if (stream->capture != nullptr) return call.Fail(kIllegalState, "is given a stream that captures already");
  auto capture = std::make_shared<Capture>();
  capture->mode = static_cast<CaptureMode>(mode);
  capture->thread = ThreadNumber();
  capture->origin = stream.get();
  capture->streams.push_back(stream);
  stream->capture = capture;
  stream->tail.clear();
  state().captures.push_back(std::move(capture));
  return kSuccess;
}

STANDIN_API CUresult cuStreamEndCapture(CUstream handle, CUgraph* graph) {
  // What the nodes hold may call the stand-in when it goes: after the lock.
  auto nodes = std::make_shared<Nodes>();
  Call call(Entry::cuStreamEndCapture, kCurrentContext | kClosing);
  if (call.result != kSuccess) return call.result;
  *graph = nullptr;
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  if (stream == nullptr) return kInvalidHandle;
  const std::shared_ptr<Capture> capture = stream->capture;
  if (capture == nullptr) return call.Fail(kIllegalState, "is given a stream that does not capture");
  if (capture->origin != stream.get()) {
    BreakCapture(*capture);
    return call.Fail(kCaptureUnmatched, "is given a stream where the capture did not begin");
  }
  if (capture->mode != CaptureMode::kRelaxed && capture->thread != ThreadNumber()) {
    return call.Fail(kCaptureWrongThread, "is called on another thread than the one that began");
  }
  const bool is_joined = IsJoined(*capture, *stream);
  EndCapture(capture);
  nodes->swap(capture->nodes);
  if (call.Done() != kSuccess) return call.Done();
  if (capture->is_broken) return kCaptureInvalidated;
  if (!is_joined) return kCaptureUnjoined;
  auto made = std::make_shared<Graph>();
  made->nodes = nodes;
  *graph = state().graphs.Add(std::move(made));
  return kSuccess;
}

STANDIN_API CUresult cuStreamIsCapturing(CUstream handle, int* status) {
  Call call(Entry::cuStreamIsCapturing, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Stream> stream = FindStream(call, handle);
  if (stream == nullptr) return kInvalidHandle;
  *status = stream->capture == nullptr ? 0 : stream->capture->is_broken ? 2 : 1;
  return kSuccess;
}

STANDIN_API CUresult cuThreadExchangeStreamCaptureMode(int* mode) {
  Call call(Entry::cuThreadExchangeStreamCaptureMode, kNothing);
  if (call.result != kSuccess) return call.result;
  if (*mode < 0 || *mode > 2) return call.Fail(kInvalidValue, "is given no mode");
  const CaptureMode before = t_mode;
  t_mode = static_cast<CaptureMode>(*mode);
  *mode = static_cast<int>(before);
  return kSuccess;
}
