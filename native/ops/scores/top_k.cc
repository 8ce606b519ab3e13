// SPDX-License-Identifier: Apache-2.0
#include "ops/scores/top_k.h"

#include <algorithm>

#include "core/error.h"
#include "ops/element_dispatch.h"
#include "ops/scores/cpu_rows.h"
#include "ops/scores/score_operators.h"

namespace trtn::ops::scores {

namespace {

enum class Wanted { kValues, kProbabilities, kIndices };

class TopKOperator final : public Operator {
 public:
  TopKOperator(Wanted wanted, int64_t k, double scale)
      : wanted_(wanted), k_(static_cast<int>(k)), scale_(static_cast<float>(scale)) {
    if (k < 1 || k > kMostBest) throw Error("ERR_TRT_RUN_FAILED", "k is out of range.");
  }

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    const TopKArguments a = ArgumentsOf(memory);
    workers.ParallelFor(a.rows, GrainFor(a.columns, 65536), [&](int64_t begin, int64_t end) {
      RowReader reader(memory.inputs[0], a.columns);
      std::vector<uint64_t> best(static_cast<size_t>(k_));
      std::vector<float> values(static_cast<size_t>(k_));
      for (int64_t i = begin; i < end; i++) {
        const float* row = reader.Row(i);
        SelectBest(row, a.columns, k_, best.data());
        for (int j = 0; j < k_; j++) a.indices[i * k_ + j] = IndexOf(best[j]);
        if (wanted_ == Wanted::kIndices) continue;
        Values(a, row, best, values);
        StoreRow(memory.outputs[0], i * k_, values.data(), k_);
      }
    });
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const TopKArguments a = ArgumentsOf(memory);
    const uint32_t blocks = static_cast<uint32_t>(std::clamp<int64_t>(a.rows, 1, 1 << 20));
    return {
        MakeLaunch(std::string("top_k_") + ElementSuffix(memory.inputs[0].type), {blocks}, {kRowThreads}, a)};
  }

 private:
  void Values(const TopKArguments& a, const float* row, const std::vector<uint64_t>& best,
              std::vector<float>& values) const {
    for (int j = 0; j < k_; j++) values[j] = row[IndexOf(best[j])];
    if (wanted_ != Wanted::kProbabilities) return;
    const float largest = NumberOf(KeyOfRank(best[0]));
    const float sum = SumOfExps(row, a.columns, largest, a.scale);
    for (float& value : values) value = ShiftedExp(value, largest, a.scale) / sum;
  }

  TopKArguments ArgumentsOf(const OperatorMemory& memory) const {
    const bool has_values = wanted_ != Wanted::kIndices;
    CheckViews(memory.inputs, 1);
    CheckViews(memory.outputs, has_values ? 2 : 1);
    const auto [rows, columns] = ShapeOf(memory.inputs[0]);
    const TensorView& indices = memory.outputs.back();
    for (const TensorView& view : memory.outputs) CheckCount(view, rows * k_);
    if (indices.type != ElementType::kInt32 || (rows > 0 && columns < k_))
      throw Error("ERR_TRT_RUN_FAILED", "An operator on scores was given tensors that do not fit it.");
    const TensorView& values = memory.outputs[0];
    return {memory.inputs[0].data,
            has_values ? values.data : nullptr,
            static_cast<int32_t*>(indices.data),
            rows,
            columns,
            k_,
            wanted_ == Wanted::kProbabilities ? 1 : 0,
            scale_,
            has_values ? ScoreTypeOf(values.type) : ScoreType::kFloat32};
  }

  Wanted wanted_;
  int k_;
  float scale_;
};

}  // namespace

std::unique_ptr<Operator> MakeTopK(const Attributes& attributes) {
  return std::make_unique<TopKOperator>(Wanted::kValues, attributes.Integer("k"), 1);
}

std::unique_ptr<Operator> MakeSoftmaxTopK(const Attributes& attributes) {
  return std::make_unique<TopKOperator>(Wanted::kProbabilities, attributes.Integer("k"),
                                        attributes.Number("scale"));
}

std::unique_ptr<Operator> MakeArgMax(const Attributes&) {
  return std::make_unique<TopKOperator>(Wanted::kIndices, 1, 1);
}

}  // namespace trtn::ops::scores
