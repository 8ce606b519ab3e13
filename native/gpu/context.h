// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "core/engine_control.h"
#include "core/executable.h"
#include "gpu/lane.h"
#include "gpu/tracing.h"

namespace trtn::gpu {

/// Runs the calls of a session: inputs come in page-locked memory that is another one each time, outputs go
/// where each call wants them.
class GpuContext final : public ExecutionContext {
 public:
  explicit GpuContext(std::shared_ptr<Model> model);
  ~GpuContext() override;
  void Run(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs) override;
  void RunTraced(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs,
                 const TraceRequest& request, RunTrace& trace) override;
  std::vector<TensorView> ResolveOutputs(const std::vector<TensorView>& inputs) override;

 private:
  /// Where an output of the run in progress goes.
  struct Target {
    /// Page-locked, null where the device's memory is the target or nobody wants the output.
    void* host = nullptr;
    /// Where TensorRT writes an output that lies on the host, for those that are wanted.
    const void* source = nullptr;
    /// Of an output that the call gave no memory for.
    std::shared_ptr<void> owner;
    cuda::DevicePointer device = 0;
    size_t bytes = 0;
  };

  void Execute(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs,
               const TraceRequest* request, RunTrace* trace);
  void RunSteps(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs, Tracing* tracing);
  void PlaceOutputs(std::vector<OutputSlot>& outputs);
  void PlaceOnHost(size_t index, OutputSlot& slot, void* memory);
  void PlaceHostOutput(size_t index, OutputSlot& slot);
  void PlaceOnDevice(size_t index, OutputSlot& slot);
  void CopyIn(const std::vector<TensorView>& inputs);
  void CopyOut(std::vector<OutputSlot>& outputs);
  void TakeGrown(size_t index, OutputSlot& slot);
  void NoteCopyIn();
  void NoteCopyOut();
  void Deliver(std::vector<OutputSlot>& outputs);

  std::shared_ptr<Model> model_;
  std::unique_ptr<Lane> lane_;
  // Of the run in progress; members so that a run allocates nothing.
  HostPool::Block results_;
  /// Where each input is to be copied, 0 where it is not.
  std::vector<cuda::DevicePointer> input_buffers_;
  std::vector<Target> targets_;
  bool has_copies_in_ = false, has_copies_out_ = false;
};

}  // namespace trtn::gpu
