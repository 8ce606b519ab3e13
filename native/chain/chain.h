// SPDX-License-Identifier: Apache-2.0
//
// Operators in a row over tensors of fixed shapes. A Chain says what is done and where intermediate values
// lie; where it runs is the matter of chain_cpu.h and chain_device.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "ops/operator.h"

namespace trtn::chain {

/// Type and dims of a value.
struct ValueSpec {
  ElementType type = ElementType::kUnknown;
  std::vector<int64_t> dims;
};

struct StepSpec {
  std::string name;
  ops::Attributes attributes;
  std::vector<size_t> inputs, outputs;
};

/// A chain as a caller describes it. Values are numbered, the inputs of the chain come first.
struct ChainSpec {
  std::vector<ValueSpec> values;
  size_t inputs = 0;
  std::vector<StepSpec> steps;
  std::vector<size_t> outputs;
};

/// A piece of the memory that the steps share.
struct Place {
  size_t offset = 0;
  size_t bytes = 0;
};

/// Immutable; used by any number of threads at once.
class Chain {
 public:
  struct Step {
    std::string name;
    std::shared_ptr<const ops::Operator> work;
    std::vector<size_t> inputs, outputs;
    Place scratch;
  };

  using Maker = std::unique_ptr<ops::Operator> (*)(const std::string& name,
                                                   const ops::Attributes& attributes);

  /// Makes the operators. Throws ERR_TRT_RUN_FAILED for a value that is read before it is made, made twice or
  /// not at all, and what MakeOperator() throws.
  explicit Chain(ChainSpec spec, Maker make = ops::MakeOperator);

  const std::vector<Step>& steps() const { return steps_; }
  size_t input_count() const { return inputs_; }
  const std::vector<size_t>& outputs() const { return outputs_; }
  /// A value without memory.
  const TensorView& value(size_t index) const { return values_[index]; }
  /// Bytes of the memory in which Bind() places intermediate values and scratch: values that are not needed
  /// at the same time share theirs.
  size_t memory_bytes() const { return memory_bytes_; }

  /// Whether a step makes no element at all: then it has nothing to do, however large the other dims of its
  /// tensors are.
  bool MakesNothing(const Step& step) const;

  /// Memory of one step for ops::Operator; `table` is left null. `inputs` and `outputs` are those of the
  /// chain, in its order; `memory` has memory_bytes(), aligned to kTensorAlignment.
  ops::OperatorMemory Bind(const Step& step, const std::vector<TensorView>& inputs,
                           const std::vector<TensorView>& outputs, void* memory) const;

 private:
  static constexpr size_t kNone = SIZE_MAX;

  void Check(const ChainSpec& spec) const;
  void LayOut();
  TensorView ViewOf(size_t value, const std::vector<TensorView>& inputs,
                    const std::vector<TensorView>& outputs, void* memory) const;

  std::vector<TensorView> values_;
  size_t inputs_;
  std::vector<Step> steps_;
  std::vector<size_t> outputs_;
  /// Of each value: its index among the outputs, or kNone.
  std::vector<size_t> output_index_;
  std::vector<Place> places_;
  size_t memory_bytes_ = 0;
};

}  // namespace trtn::chain
