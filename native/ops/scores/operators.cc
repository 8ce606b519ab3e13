// SPDX-License-Identifier: Apache-2.0
#include "ops/operator.h"
#include "ops/scores/score_operators.h"

namespace trtn::ops {

std::vector<OperatorEntry> ScoreOperators() {
  return {
      {"softmax", scores::MakeSoftmax},
      {"logSoftmax", scores::MakeLogSoftmax},
      {"sigmoid", scores::MakeSigmoid},
      {"topK", scores::MakeTopK},
      {"softmaxTopK", scores::MakeSoftmaxTopK},
      {"argMax", scores::MakeArgMax},
      {"meanPool", scores::MakeMeanPool},
      {"l2Normalize", scores::MakeL2Normalize},
      {"cosineSimilarity", scores::MakeCosineSimilarity},
  };
}

}  // namespace trtn::ops
