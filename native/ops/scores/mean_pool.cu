// SPDX-License-Identifier: Apache-2.0
//
// A thread a column: neighbours read neighbouring elements of each token.
#include "ops/scores/mean_pool.h"
#include "ops/scores/row_kernels.h"

namespace trtn::ops::scores {

template <class Element>
TRTN_DEVICE void MeanOfTokens(const MeanPoolArguments& a) {
  const int64_t blocks_a_row = (a.columns + kRowThreads - 1) / kRowThreads;
  for (int64_t block = trtn::gpu::BlockX(); block < a.rows * blocks_a_row; block += trtn::gpu::GridSizeX()) {
    const int64_t row = block / blocks_a_row;
    const int64_t column = (block % blocks_a_row) * kRowThreads + trtn::gpu::ThreadX();
    if (column >= a.columns) continue;
    float sum = 0.0f, weights = 0.0f;
    for (int64_t token = row * a.tokens; token < (row + 1) * a.tokens; token++) {
      const float weight = WeightAt(a.mask, a.mask_type, token);
      if (weight == 0.0f) continue;
      weights += weight;
      sum += weight * ToFloat(static_cast<const Element*>(a.in)[token * a.columns + column]);
    }
    StoreScore(a.out, row * a.columns + column, a.out_type, Mean(sum, weights));
  }
}

}  // namespace trtn::ops::scores

TRTN_KERNEL(mean_pool_f32)(trtn::ops::scores::MeanPoolArguments arguments) {
  trtn::ops::scores::MeanOfTokens<float>(arguments);
}
TRTN_KERNEL(mean_pool_f16)(trtn::ops::scores::MeanPoolArguments arguments) {
  trtn::ops::scores::MeanOfTokens<trtn::ops::Half>(arguments);
}
TRTN_KERNEL(mean_pool_bf16)(trtn::ops::scores::MeanPoolArguments arguments) {
  trtn::ops::scores::MeanOfTokens<trtn::ops::BFloat16>(arguments);
}
