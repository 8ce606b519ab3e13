// SPDX-License-Identifier: Apache-2.0
#include "ops/scores/softmax.h"

#include "ops/element_dispatch.h"
#include "ops/scores/cpu_rows.h"
#include "ops/scores/score_operators.h"
#include "ops/simd.h"

namespace trtn::ops::scores {

namespace {

TRTN_SIMD_CLONES void LogarithmsOf(const float* TRTN_RESTRICT row, int64_t columns, float largest,
                                   float scale, float log_sum, float* TRTN_RESTRICT out) {
  for (int64_t i = 0; i < columns; i++) out[i] = Canonical((row[i] - largest) * scale - log_sum);
}

class SoftmaxOperator final : public Operator {
 public:
  SoftmaxOperator(const Attributes& attributes, bool logarithm)
      : scale_(static_cast<float>(attributes.Number("scale"))), logarithm_(logarithm) {}

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    const SoftmaxArguments a = ArgumentsOf(memory);
    workers.ParallelFor(a.rows, GrainFor(a.columns, 65536), [&](int64_t begin, int64_t end) {
      RowReader reader(memory.inputs[0], a.columns);
      RowWriter writer(memory.outputs[0], a.columns);
      for (int64_t i = begin; i < end; i++) {
        const float* row = reader.Row(i);
        float* out = writer.Row(i);
        const float largest = LargestOf(row, a.columns);
        if (logarithm_) {
          const float sum = SumOfExps(row, a.columns, largest, a.scale);
          LogarithmsOf(row, a.columns, largest, a.scale, Log(sum), out);
        } else {
          DivideAll(out, a.columns, ExpAndSum(row, a.columns, largest, a.scale, out));
        }
        writer.Store(i);
      }
    });
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const SoftmaxArguments a = ArgumentsOf(memory);
    return {MakeLaunch(std::string("softmax_") + ElementSuffix(memory.inputs[0].type),
                       {BlocksForRows(a.rows, a.columns)}, {kRowThreads}, a)};
  }

 private:
  SoftmaxArguments ArgumentsOf(const OperatorMemory& memory) const {
    CheckViews(memory.inputs, 1);
    CheckViews(memory.outputs, 1);
    const TensorView &in = memory.inputs[0], &out = memory.outputs[0];
    const auto [rows, columns] = ShapeOf(in);
    CheckCount(out, rows * columns);
    return {in.data, out.data, rows, columns, scale_, ScoreTypeOf(out.type), logarithm_ ? 1 : 0};
  }

  float scale_;
  bool logarithm_;
};

}  // namespace

std::unique_ptr<Operator> MakeSoftmax(const Attributes& attributes) {
  return std::make_unique<SoftmaxOperator>(attributes, false);
}

std::unique_ptr<Operator> MakeLogSoftmax(const Attributes& attributes) {
  return std::make_unique<SoftmaxOperator>(attributes, true);
}

}  // namespace trtn::ops::scores
