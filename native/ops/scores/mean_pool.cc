// SPDX-License-Identifier: Apache-2.0
#include "ops/scores/mean_pool.h"

#include <algorithm>

#include "core/error.h"
#include "ops/element_dispatch.h"
#include "ops/scores/cpu_rows.h"
#include "ops/scores/score_operators.h"
#include "ops/simd.h"

namespace trtn::ops::scores {

namespace {

TRTN_SIMD_CLONES void AddToken(const float* TRTN_RESTRICT token, int64_t count, float weight,
                               float* TRTN_RESTRICT sums) {
  for (int64_t i = 0; i < count; i++) sums[i] += weight * token[i];
}

TRTN_SIMD_CLONES void MeansOf(int64_t count, float weights, float* sums) {
  for (int64_t i = 0; i < count; i++) sums[i] = Mean(sums[i], weights);
}

MaskType MaskTypeOf(ElementType type) {
  if (type == ElementType::kInt64) return MaskType::kInt64;
  if (type == ElementType::kInt32) return MaskType::kInt32;
  if (type == ElementType::kBool) return MaskType::kBool;
  if (type == ElementType::kFloat32) return MaskType::kFloat32;
  RefuseElementType(type);
}

class MeanPoolOperator final : public Operator {
 public:
  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    const MeanPoolArguments a = ArgumentsOf(memory);
    workers.ParallelFor(a.rows, GrainFor(a.columns * a.tokens, 65536), [&](int64_t begin, int64_t end) {
      RowReader reader(memory.inputs[0], a.columns);
      std::vector<float> sums(static_cast<size_t>(a.columns));
      for (int64_t row = begin; row < end; row++) {
        std::fill(sums.begin(), sums.end(), 0.0f);
        float weights = 0.0f;
        for (int64_t token = row * a.tokens; token < (row + 1) * a.tokens; token++) {
          const float weight = WeightAt(a.mask, a.mask_type, token);
          if (weight == 0.0f) continue;
          weights += weight;
          AddToken(reader.Row(token), a.columns, weight, sums.data());
        }
        MeansOf(a.columns, weights, sums.data());
        StoreRow(memory.outputs[0], row * a.columns, sums.data(), a.columns);
      }
    });
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const MeanPoolArguments a = ArgumentsOf(memory);
    const int64_t blocks = a.rows * ((a.columns + kRowThreads - 1) / kRowThreads);
    return {MakeLaunch(std::string("mean_pool_") + ElementSuffix(memory.inputs[0].type),
                       {static_cast<uint32_t>(std::clamp<int64_t>(blocks, 1, 1 << 20))}, {kRowThreads}, a)};
  }

 private:
  MeanPoolArguments ArgumentsOf(const OperatorMemory& memory) const {
    const bool has_mask = memory.inputs.size() == 2;
    CheckViews(memory.inputs, has_mask ? 2 : 1);
    CheckViews(memory.outputs, 1);
    const TensorView &in = memory.inputs[0], &out = memory.outputs[0];
    if (in.dims.size() != 3) throw Error("ERR_TRT_RUN_FAILED", "meanPool takes three dimensions.");
    MeanPoolArguments a{in.data,    nullptr,    out.data,        in.dims[0],
                        in.dims[1], in.dims[2], MaskType::kNone, ScoreTypeOf(out.type)};
    if (has_mask) {
      CheckCount(memory.inputs[1], a.rows * a.tokens);
      a.mask = memory.inputs[1].data;
      a.mask_type = MaskTypeOf(memory.inputs[1].type);
    }
    CheckCount(out, a.rows * a.columns);
    return a;
  }
};

}  // namespace

std::unique_ptr<Operator> MakeMeanPool(const Attributes&) { return std::make_unique<MeanPoolOperator>(); }

}  // namespace trtn::ops::scores
