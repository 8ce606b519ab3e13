// SPDX-License-Identifier: Apache-2.0
#include "ops/scores/similarity.h"

#include <algorithm>

#include "core/error.h"
#include "ops/element_dispatch.h"
#include "ops/scores/cpu_rows.h"
#include "ops/scores/score_operators.h"

namespace trtn::ops::scores {

namespace {

class L2NormalizeOperator final : public Operator {
 public:
  explicit L2NormalizeOperator(double epsilon) : epsilon_(static_cast<float>(epsilon)) {}

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    const NormalizeArguments a = ArgumentsOf(memory);
    workers.ParallelFor(a.rows, GrainFor(a.columns, 65536), [&](int64_t begin, int64_t end) {
      RowReader reader(memory.inputs[0], a.columns);
      RowWriter writer(memory.outputs[0], a.columns);
      for (int64_t i = begin; i < end; i++) {
        const float* row = reader.Row(i);
        float* out = writer.Row(i);
        std::copy(row, row + a.columns, out);
        DivideAll(out, a.columns, NormOf(DotOf(row, row, a.columns), a.epsilon));
        writer.Store(i);
      }
    });
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const NormalizeArguments a = ArgumentsOf(memory);
    return {MakeLaunch(std::string("l2_normalize_") + ElementSuffix(memory.inputs[0].type),
                       {BlocksForRows(a.rows, a.columns)}, {kRowThreads}, a)};
  }

 private:
  NormalizeArguments ArgumentsOf(const OperatorMemory& memory) const {
    CheckViews(memory.inputs, 1);
    CheckViews(memory.outputs, 1);
    const auto [rows, columns] = ShapeOf(memory.inputs[0]);
    CheckCount(memory.outputs[0], rows * columns);
    return {memory.inputs[0].data,
            memory.outputs[0].data,
            rows,
            columns,
            epsilon_,
            ScoreTypeOf(memory.outputs[0].type)};
  }

  float epsilon_;
};

class CosineSimilarityOperator final : public Operator {
 public:
  explicit CosineSimilarityOperator(double epsilon) : epsilon_(static_cast<float>(epsilon)) {}

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    const SimilarityArguments a = ArgumentsOf(memory);
    const std::vector<float> queries = Queries(memory.inputs[0], a);
    std::vector<float> norms(static_cast<size_t>(a.query_count));
    for (int64_t q = 0; q < a.query_count; q++) norms[q] = NormOfRow(queries.data() + q * a.columns, a);
    workers.ParallelFor(a.rows, GrainFor(a.columns * (a.query_count + 1), 65536),
                        [&](int64_t begin, int64_t end) {
                          RowReader reader(memory.inputs[1], a.columns);
                          for (int64_t i = begin; i < end; i++) {
                            const float* row = reader.Row(i);
                            const float norm = NormOfRow(row, a);
                            for (int64_t q = 0; q < a.query_count; q++) {
                              const float dot = DotOf(queries.data() + q * a.columns, row, a.columns);
                              StoreScore(a.out, q * a.rows + i, a.out_type, Cosine(dot, norms[q], norm));
                            }
                          }
                        });
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const SimilarityArguments a = ArgumentsOf(memory);
    return {MakeLaunch(std::string("cosine_similarity_") + ElementSuffix(memory.inputs[1].type),
                       {BlocksForRows(a.rows, a.columns)}, {kRowThreads}, a)};
  }

 private:
  static float NormOfRow(const float* row, const SimilarityArguments& a) {
    return NormOf(DotOf(row, row, a.columns), a.epsilon);
  }

  static std::vector<float> Queries(const TensorView& tensor, const SimilarityArguments& a) {
    RowReader reader(tensor, a.query_count * a.columns);
    const float* values = reader.Row(0);
    return {values, values + a.query_count * a.columns};
  }

  SimilarityArguments ArgumentsOf(const OperatorMemory& memory) const {
    CheckViews(memory.inputs, 2);
    CheckViews(memory.outputs, 1);
    const auto [query_count, query_columns] = ShapeOf(memory.inputs[0]);
    const auto [rows, columns] = ShapeOf(memory.inputs[1]);
    if (query_columns != columns || memory.inputs[0].type != memory.inputs[1].type)
      throw Error("ERR_TRT_RUN_FAILED", "cosineSimilarity was given vectors of different sizes or types.");
    CheckCount(memory.outputs[0], query_count * rows);
    return {memory.inputs[0].data,
            memory.inputs[1].data,
            memory.outputs[0].data,
            query_count,
            rows,
            columns,
            epsilon_,
            ScoreTypeOf(memory.outputs[0].type)};
  }

  float epsilon_;
};

}  // namespace

std::unique_ptr<Operator> MakeL2Normalize(const Attributes& attributes) {
  return std::make_unique<L2NormalizeOperator>(attributes.Number("epsilon"));
}

std::unique_ptr<Operator> MakeCosineSimilarity(const Attributes& attributes) {
  return std::make_unique<CosineSimilarityOperator>(attributes.Number("epsilon"));
}

}  // namespace trtn::ops::scores
