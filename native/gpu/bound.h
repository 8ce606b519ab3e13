// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "core/executable.h"
#include "gpu/lane.h"

namespace trtn::gpu {

/// A binding: everything is set once, and one graph holds the copies and the network.
class GpuBound final : public BoundExecution {
 public:
  GpuBound(std::shared_ptr<Model> model, const std::vector<TensorView>& inputs,
           const std::vector<TensorView>& outputs);
  ~GpuBound() override;
  void Run() override;
  const std::vector<std::vector<int64_t>>* OutputDims() const override;

 private:
  /// Of one tensor: what the run copies, and where it goes. Without `device` nothing is copied.
  struct Copy {
    void* host = nullptr;
    cuda::DevicePointer device = 0;
    size_t bytes = 0;
  };

  void Prepare();
  void PrepareOrFail();
  bool HasNewValues() const;
  void PlaceInput(size_t index);
  void PlaceOutput(size_t index);
  void Enqueue();
  void NoteCopyOut();
  void TakeGrown();
  void TakeHostOutputs();

  std::shared_ptr<Model> model_;
  std::vector<TensorView> inputs_, outputs_;
  std::unique_ptr<Lane> lane_;
  bool is_prepared_ = false;
  bool has_shape_tensors_ = false;
  bool has_host_outputs_ = false;
  std::vector<Copy> copies_in_, copies_out_;
  uint64_t bytes_in_ = 0, bytes_out_ = 0;
  /// Of the run in progress, outputs whose size it told among them.
  bool has_copies_out_ = false;
  std::vector<std::vector<int64_t>> dims_;
};

}  // namespace trtn::gpu
