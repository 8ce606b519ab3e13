// SPDX-License-Identifier: Apache-2.0
#include "ops/scores/sigmoid.h"

#include <algorithm>

#include "ops/element_dispatch.h"
#include "ops/scores/cpu_rows.h"
#include "ops/scores/score_operators.h"
#include "ops/simd.h"

namespace trtn::ops::scores {

namespace {

constexpr int64_t kSigmoidPiece = 4096;

TRTN_SIMD_CLONES void SigmoidsOf(const float* TRTN_RESTRICT from, int64_t count, float* TRTN_RESTRICT to) {
  for (int64_t i = 0; i < count; i++) to[i] = Sigmoid(from[i]);
}

class SigmoidOperator final : public Operator {
 public:
  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    const SigmoidArguments a = ArgumentsOf(memory);
    workers.ParallelFor(a.count, 8192, [&](int64_t begin, int64_t end) {
      std::vector<float> result(static_cast<size_t>(std::min(kSigmoidPiece, end - begin)));
      RowReader reader(memory.inputs[0], kSigmoidPiece);
      for (int64_t i = begin; i < end; i += kSigmoidPiece) {
        const int64_t count = std::min(kSigmoidPiece, end - i);
        SigmoidsOf(reader.Elements(i, count), count, result.data());
        StoreRow(memory.outputs[0], i, result.data(), count);
      }
    });
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const SigmoidArguments a = ArgumentsOf(memory);
    const uint32_t blocks =
        static_cast<uint32_t>(std::clamp<int64_t>((a.count + kRowThreads - 1) / kRowThreads, 1, 1 << 20));
    return {MakeLaunch(std::string("sigmoid_") + ElementSuffix(memory.inputs[0].type), {blocks},
                       {kRowThreads}, a)};
  }

 private:
  SigmoidArguments ArgumentsOf(const OperatorMemory& memory) const {
    CheckViews(memory.inputs, 1);
    CheckViews(memory.outputs, 1);
    const int64_t count = static_cast<int64_t>(ElementCount(memory.inputs[0].dims));
    CheckCount(memory.outputs[0], count);
    return {memory.inputs[0].data, memory.outputs[0].data, count, ScoreTypeOf(memory.outputs[0].type)};
  }
};

}  // namespace

std::unique_ptr<Operator> MakeSigmoid(const Attributes&) { return std::make_unique<SigmoidOperator>(); }

}  // namespace trtn::ops::scores
