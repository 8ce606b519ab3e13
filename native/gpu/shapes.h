// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "gpu/model.h"

namespace trtn::gpu {

/// Profile, input shapes, the values of shape tensors and the outputs in host memory of one context: set only
/// when they change. The context reads and writes host memory whenever it infers shapes, so all of it is
/// here.
class Shapes {
 public:
  struct Output {
    /// Without memory; dims of -1 and the upper bound in bytes where the size depends on the data.
    TensorView view;
    bool is_data_dependent = false;
  };

  Shapes(Model& model, trt::PlanContext& plan);

  /// Makes the context ready for these inputs; true if something changed. Only the content of shape tensors
  /// is read, and copied. Throws ERR_TRT_RUN_PROFILE and what the context throws; nothing is known then.
  bool Update(const std::vector<TensorView>& inputs, cuda::StreamHandle stream);
  /// After a failure: everything is set again by the next Update().
  void Forget() noexcept;
  /// Whether Update() would find these inputs as they were, by dims and by the values of shape tensors.
  bool IsSame(const std::vector<TensorView>& inputs) const;

  const std::vector<Output>& outputs() const { return outputs_; }
  bool has_data_dependent_outputs() const { return has_data_dependent_outputs_; }
  /// Where the context writes an output that lies on the host: the same memory for all runs.
  const void* host_output(size_t output) const { return host_outputs_[output].data(); }
  /// Whether there are outputs on the host that only a run writes: key() does not tell their values.
  bool has_host_outputs_of_runs() const { return has_host_outputs_of_runs_; }
  /// How often memory on the host that the context knows has been replaced.
  uint64_t host_moves() const { return host_moves_; }
  /// Activation memory for these shapes, where contexts share it.
  int64_t scratch_bytes() const { return scratch_bytes_; }
  /// Tells these shapes from all others: profile, dims, values.
  const std::string& key() const { return key_; }
  /// "images:8x3x224x224"
  const std::string& text() const { return text_; }
  /// How often the profile has changed.
  uint64_t profile_changes() const { return profile_changes_; }

 private:
  /// Page-locked memory, which is aligned as TensorRT asks for.
  class HostMemory {
   public:
    /// True if it is somewhere else now.
    bool Reserve(HostPool& pool, size_t bytes);
    void* data() const { return block_.data(); }
    size_t capacity() const { return capacity_; }

   private:
    HostPool::Block block_;
    size_t capacity_ = 0;
  };

  void SetProfile(const std::vector<TensorView>& inputs, cuda::StreamHandle stream);
  void SetInput(size_t input, const TensorView& view);
  void SetValues(size_t input, const TensorView& view);
  void Infer();
  void OfferHostOutput(size_t output);
  void PlaceHostOutput(size_t output, size_t bytes);
  void ReadOutput(size_t output);
  void Describe();

  struct Input {
    std::vector<int64_t> dims;
    bool is_set = false;
    /// Of shape tensors: their values, at the address that the context has.
    HostMemory values;
    size_t value_bytes = 0;
  };

  Model& model_;
  trt::PlanContext& plan_;
  int profile_;
  uint64_t profile_changes_ = 0;
  bool is_known_ = false;
  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  bool has_data_dependent_outputs_ = false;
  std::vector<HostMemory> host_outputs_;
  bool has_host_outputs_of_runs_ = false;
  uint64_t host_moves_ = 0;
  int64_t scratch_bytes_ = 0;
  std::string key_, text_;
};

/// "8x3x224x224", or "scalar".
std::string JoinDims(const std::vector<int64_t>& dims);

}  // namespace trtn::gpu
