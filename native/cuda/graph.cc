// SPDX-License-Identifier: Apache-2.0
#include "cuda/graph.h"

#include <utility>

namespace trtn::cuda {
namespace {

/// Owns a graph that is only needed to make it launchable.
struct Recording {
  explicit Recording(Device& owner) : device(owner) {}
  ~Recording() {
    if (graph != nullptr) device.CheckNoThrow(device.api().cuGraphDestroy(graph), "cuGraphDestroy");
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  Device& device;
  GraphHandle graph = nullptr;
};

bool StillCaptures(Stream& stream) {
  int status = 0;
  return stream.device().api().cuStreamIsCapturing(stream.get(), &status) == kSuccess && status != 0;
}

}  // namespace

GraphExec::~GraphExec() { Destroy(); }

GraphExec::GraphExec(GraphExec&& other) noexcept
    : device_(std::move(other.device_)), handle_(std::exchange(other.handle_, nullptr)) {}

GraphExec& GraphExec::operator=(GraphExec&& other) noexcept {
  if (this == &other) return *this;
  Destroy();
  device_ = std::move(other.device_);
  handle_ = std::exchange(other.handle_, nullptr);
  return *this;
}

void GraphExec::Launch(Stream& stream) {
  device_->Check(device_->api().cuGraphLaunch(handle_, stream.get()), "cuGraphLaunch");
}

void GraphExec::Destroy() noexcept {
  if (handle_ == nullptr) return;
  const ScopedDevice scope(*device_, std::nothrow);
  device_->CheckNoThrow(device_->api().cuGraphExecDestroy(std::exchange(handle_, nullptr)),
                        "cuGraphExecDestroy");
}

GraphCapture::GraphCapture(Stream& stream) : stream_(stream) {
  Device& device = stream.device();
  device.Check(device.api().cuStreamBeginCapture_v2(stream.get(), kCaptureModeThreadLocal),
               "cuStreamBeginCapture");
}

GraphCapture::~GraphCapture() {
  if (!is_open_) return;
  Device& device = stream_.device();
  const ScopedDevice scope(device, std::nothrow);
  GraphHandle graph = nullptr;
  // Returns an error of its own if the capture was broken, and ends it all the same.
  device.CheckNoThrow(device.api().cuStreamEndCapture(stream_.get(), &graph), "cuStreamEndCapture");
  if (graph != nullptr) device.CheckNoThrow(device.api().cuGraphDestroy(graph), "cuGraphDestroy");
}

GraphExec GraphCapture::Finish() {
  Device& device = stream_.device();
  // Goes after what threw has been noted as the first cause.
  Recording recording(device);
  const Result ended = device.api().cuStreamEndCapture(stream_.get(), &recording.graph);
  // A capture that was broken has ended with that call; one that was refused to end goes on.
  is_open_ = ended != kSuccess && StillCaptures(stream_);
  device.Check(ended, "cuStreamEndCapture");
  GraphExec exec;
  exec.device_ = device.shared_from_this();
  const Result made = device.api().cuGraphInstantiateWithFlags(&exec.handle_, recording.graph, 0);
  if (made != kSuccess) exec.handle_ = nullptr;
  device.Check(made, "cuGraphInstantiateWithFlags");
  // The first launch would do this otherwise, and be slower than all later ones.
  if (device.api().cuGraphUpload != nullptr) {
    device.Check(device.api().cuGraphUpload(exec.handle_, stream_.get()), "cuGraphUpload");
  }
  return exec;
}

}  // namespace trtn::cuda
