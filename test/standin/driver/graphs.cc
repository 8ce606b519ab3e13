// SPDX-License-Identifier: Apache-2.0
#include "capture.h"
#include "scheduler.h"

namespace standin {
namespace {

double DurationOf(const Nodes& nodes) {
  double duration = 0;
  for (const Node& node : nodes) duration += node.op.duration_us;
  return duration;
}

/// Whether everything that the graph names is still there.
bool CheckMemory(const Call& call, const Nodes& nodes) {
  for (const Node& node : nodes) {
    if (node.op.event != nullptr && !node.op.event->is_live) {
      call.Fail(kInvalidValue, "launches a graph with an event that was destroyed since its capture");
      return false;
    }
    for (const AllocationRef& memory : node.op.memory) {
      if (memory == nullptr || (memory->is_live && !memory->is_freeing)) continue;
      call.Fail(kInvalidValue, "launches a graph that uses memory at " + HexText(memory->address) +
                                   ", which was freed since its capture");
      return false;
    }
  }
  return true;
}

/// Whether an executable graph can take over another graph: the same kinds of work in the same order.
bool AreAlike(const Nodes& a, const Nodes& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); i++) {
    if (a[i].op.kind != b[i].op.kind || a[i].after != b[i].after) return false;
  }
  return true;
}

/// CUgraphExecUpdateResultInfo.
struct UpdateInfo {
  int result;
  void* node;
  void* from_node;
};

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: the entry points below are all that follows

STANDIN_API CUresult cuGraphInstantiateWithFlags(CUgraphExec* handle, CUgraph graph_handle,
                                                 unsigned long long) {
  Call call(Entry::cuGraphInstantiateWithFlags, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Graph> graph = FindGraph(call, graph_handle);
  if (graph == nullptr) return kInvalidHandle;
  auto exec = std::make_shared<GraphExec>();
  exec->context = call.context;
  exec->nodes = graph->nodes;
  exec->duration_us = DurationOf(*graph->nodes);
  *handle = state().execs.Add(std::move(exec));
  return kSuccess;
}

STANDIN_API CUresult cuGraphLaunch(CUgraphExec handle, CUstream stream_handle) {
  Call call(Entry::cuGraphLaunch, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<Stream> stream = FindStream(call, stream_handle);
  const std::shared_ptr<GraphExec> exec = stream == nullptr ? nullptr : FindExec(call, handle);
  if (exec == nullptr) return kInvalidHandle;
  if (stream->capture != nullptr) {
    BreakCapture(*stream->capture);
    return call.Fail(kCaptureUnsupported, "launches a graph into a capture, which is not supported here");
  }
  if (!CheckMemory(call, *exec->nodes)) return kInvalidValue;
  Op op;
  op.kind = OpKind::kGraph;
  op.duration_us = exec->duration_us;
  op.nodes = exec->nodes;
  op.exec = exec;
  // One launch after the other, also in different streams.
  if (exec->last_launch != nullptr && !exec->last_launch->is_done) op.waits_for = exec->last_launch;
  op.completes = std::make_shared<Completion>();
  exec->last_launch = op.completes;
  return Submit(call, stream, std::move(op));
}

STANDIN_API CUresult cuGraphUpload(CUgraphExec handle, CUstream stream_handle) {
  Call call(Entry::cuGraphUpload, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  if (FindStream(call, stream_handle) == nullptr || FindExec(call, handle) == nullptr) return kInvalidHandle;
  return kSuccess;
}

STANDIN_API CUresult cuGraphExecUpdate_v2(CUgraphExec handle, CUgraph graph_handle, UpdateInfo* info) {
  std::shared_ptr<const Nodes> garbage;
  Call call(Entry::cuGraphExecUpdate_v2, kCurrentContext);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<GraphExec> exec = FindExec(call, handle);
  const std::shared_ptr<Graph> graph = exec == nullptr ? nullptr : FindGraph(call, graph_handle);
  if (graph == nullptr) return kInvalidHandle;
  const bool is_possible = AreAlike(*exec->nodes, *graph->nodes);
  if (info != nullptr) *info = {is_possible ? 0 : 2, nullptr, nullptr};
  if (!is_possible) return kGraphExecUpdateFailure;
  garbage = exec->nodes;
  exec->nodes = graph->nodes;
  exec->duration_us = DurationOf(*graph->nodes);
  return kSuccess;
}

STANDIN_API CUresult cuGraphExecDestroy(CUgraphExec handle) {
  std::shared_ptr<GraphExec> garbage;
  Call call(Entry::cuGraphExecDestroy, kClosing);
  if (call.result != kSuccess) return call.result;
  const std::shared_ptr<GraphExec> exec = FindExec(call, handle);
  if (exec == nullptr) return kInvalidHandle;
  if (exec->in_flight > 0) call.Fail(kSuccess, "destroys a graph whose launch is not over");
  garbage = state().execs.Remove(handle);
  return exec->context->sticky;
}

STANDIN_API CUresult cuGraphDestroy(CUgraph handle) {
  std::shared_ptr<Graph> garbage;
  Call call(Entry::cuGraphDestroy, kClosing);
  if (call.result != kSuccess) return call.result;
  if (FindGraph(call, handle) == nullptr) return kInvalidHandle;
  garbage = state().graphs.Remove(handle);
  return call.Done();
}
