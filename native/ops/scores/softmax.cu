// SPDX-License-Identifier: Apache-2.0
#include "ops/scores/row_kernels.h"
#include "ops/scores/softmax.h"

namespace trtn::ops::scores {

template <class Element>
TRTN_ROW_FUNCTION void SoftmaxRows(const SoftmaxArguments& a, int32_t* keys, float* sums) {
  const int lanes = LanesFor(a.columns);
  const int64_t groups = kRowThreads / lanes;
  const int64_t group = static_cast<int>(trtn::gpu::ThreadX()) / lanes;
  const int64_t lane = static_cast<int>(trtn::gpu::ThreadX()) % lanes;
  const int64_t step = static_cast<int64_t>(trtn::gpu::GridSizeX()) * groups;
  for (int64_t first = trtn::gpu::BlockX() * groups; first < a.rows; first += step) {
    const bool has_row = first + group < a.rows;
    const int64_t begin = has_row ? (first + group) * a.columns : 0;
    const int64_t columns = has_row ? a.columns : 0;
    const Element* row = static_cast<const Element*>(a.in) + begin;
    const float largest = NumberOf(LargestKey(keys, lanes, row, columns));
    float partial = 0.0f;
    for (int64_t i = lane; i < columns; i += lanes) partial += ShiftedExp(ToFloat(row[i]), largest, a.scale);
    const float sum = SumOrNan(CombineGroup(sums, lanes, partial, Adding{}), largest);
    for (int64_t i = lane; i < columns; i += lanes) {
      StoreScore(a.out, begin + i, a.out_type, SoftmaxResult(a, ToFloat(row[i]), largest, sum));
    }
  }
}

}  // namespace trtn::ops::scores

#define TRTN_SOFTMAX_KERNEL(suffix, Element)                                     \
  TRTN_KERNEL(softmax_##suffix)(trtn::ops::scores::SoftmaxArguments arguments) { \
    TRTN_SHARED(int32_t, keys, trtn::ops::scores::kRowThreads);                  \
    TRTN_SHARED(float, sums, trtn::ops::scores::kRowThreads);                    \
    trtn::ops::scores::SoftmaxRows<Element>(arguments, keys, sums);              \
  }

TRTN_SOFTMAX_KERNEL(f32, float)
TRTN_SOFTMAX_KERNEL(f16, trtn::ops::Half)
TRTN_SOFTMAX_KERNEL(bf16, trtn::ops::BFloat16)
