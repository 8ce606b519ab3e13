// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cuda/event.h"
#include "cuda/stream.h"
#include "gpu/graph_runner.h"
#include "gpu/model.h"
#include "gpu/output_memory.h"
#include "gpu/shapes.h"
#include "gpu/stage_timer.h"

namespace trtn::gpu {

/// One execution context of TensorRT with all that its runs need: streams, device memory, graphs. Runs of a
/// call and of a binding are both built on it. The device must be current, also for the destructor; one
/// thread at a time.
class Lane {
 public:
  explicit Lane(Model& model);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  cuda::Stream& stream() { return stream_; }
  trt::PlanContext& plan() { return *plan_; }
  const Shapes& shapes() const { return shapes_; }

  enum class Measure { kStages, kNothing };
  /// Throws ERR_TRT_CUDA_POISONED on a lost device; makes the device current; nothing is in flight. With
  /// kStages a run begins whose stages are recorded, where the session does that.
  void Begin(Measure measure = Measure::kNothing);
  /// Enqueues an event of the stage times; does nothing where none are recorded.
  void Mark(StageMark mark) {
    if (stages_ != nullptr) stages_->Mark(mark, graphs_.is_capturing());
  }
  /// After Wait(): see StageTimer::End().
  void EndStages(bool has_copies_in, bool has_copies_out) {
    if (stages_ != nullptr) stages_->End(has_copies_in, has_copies_out);
  }
  /// See Shapes::Update().
  void SetInputs(const std::vector<TensorView>& inputs);
  /// Tells the context where an input lies: in the view's memory where the device can use that, else in
  /// memory of the lane, whose address is returned, and which the view is to be copied to; 0 where nothing is
  /// to be copied. Throws ERR_TRT_RUN_INPUT_SIZE.
  cuda::DevicePointer PlaceInput(size_t input, const TensorView& view);
  /// The same for an output that goes to the host: to `host` itself on a GPU that shares the host's memory,
  /// else copied from where the result says.
  cuda::DevicePointer PlaceOutput(size_t output, void* host, size_t bytes);
  /// Sets it in the context if it is not what was set last.
  void SetAddress(size_t tensor, void* address);
  /// Of an output whose size depends on the data.
  GrowingOutput& growing_output(size_t output) { return *growing_[output]; }

  /// As in GraphRunner::Work.
  struct Submission {
    const char* obstacle = nullptr;
    bool is_exempt = false;
  };
  /// Runs `enqueue` or the graph of it, see GraphRunner. Everything of the work but Network() must be in
  /// `enqueue` if it is to be part of the graph.
  void Submit(const std::function<void()>& enqueue, const Submission& submission);
  /// Enqueues the network itself, between its marks.
  void Network();
  /// Blocks until everything on the stream is done.
  void Wait();
  /// In a catch block: waits until the device uses nothing any more, forgets what the context had been told,
  /// and throws the error, as ERR_TRT_CUDA_DEVICE_LOST where TensorRT had hidden that.
  [[noreturn]] void Fail(const char* call);

 private:
  /// Device memory of at least `bytes` for a tensor, the same until more is asked for.
  cuda::DevicePointer Buffer(size_t tensor, size_t bytes);
  /// Buffer(), and the context is told.
  cuda::DevicePointer UseBuffer(size_t tensor, size_t bytes);
  /// The address that the device has for mapped page-locked memory.
  void* Mapped(size_t tensor, void* host);
  void UseOutputMemories();
  void LeaseScratch();
  void Drain() noexcept;
  void Forget() noexcept;

  // In the order in which one needs the other; destroyed from the end.
  Model& model_;
  cuda::Stream stream_;
  std::vector<cuda::Stream> aux_streams_;
  cuda::Event done_;
  /// Null where nothing is recorded.
  std::unique_ptr<StageTimer> stages_;
  std::vector<cuda::DeviceMemory> buffers_;
  std::vector<std::unique_ptr<GrowingOutput>> growing_;
  ScratchPool::Lease scratch_;
  std::unique_ptr<trt::PlanContext> plan_;
  Shapes shapes_;
  GraphRunner graphs_;

  std::vector<void*> addresses_;
  struct MappedPair {
    void* host = nullptr;
    void* device = nullptr;
  };
  std::vector<MappedPair> mapped_;
  std::vector<bool> has_output_memory_;
  uint64_t profile_changes_ = 0;
  uint64_t host_moves_ = 0;
  uint64_t scratch_id_ = 0;
  /// The context has divided its activation memory anew and wants to be given it again.
  bool is_scratch_stale_ = false;
  std::string key_;
};

}  // namespace trtn::gpu
