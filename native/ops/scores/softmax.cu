// SPDX-License-Identifier: Apache-2.0
#include "ops/scores/row_kernels.h"
#include "ops/scores/softmax.h"

namespace trtn::ops::scores {

/// Floats of all rows of a block that are kept in shared memory: those of 8 rows of few lanes, or a long one.
constexpr int kHeld = 8192;

/// The threads that share a row, and the row.
struct RowGroup {
  int lanes, lane;
  int64_t begin, columns;
};

struct SoftmaxShared {
  float* held;
  int32_t* keys;
  float* sums;
};

/// Reads the row once. A thread touches its own elements of `held` alone, so that no barrier is needed.
template <class Element>
TRTN_DEVICE void SoftmaxOfHeldRow(const SoftmaxArguments& a, const RowGroup& group,
                                  const SoftmaxShared& shared) {
  const int lanes = group.lanes, columns = static_cast<int>(group.columns);
  const Element* row = static_cast<const Element*>(a.in) + group.begin;
  float* held = shared.held + static_cast<int>(trtn::gpu::ThreadX()) / lanes * (kHeld / kRowThreads * lanes);
  int32_t key = kLowestKey;
  for (int i = group.lane; i < columns; i += lanes) {
    held[i] = ToFloat(row[i]);
    key = Larger{}(KeyOf(held[i]), key);
  }
  const float largest = NumberOf(CombineGroup(shared.keys, lanes, key, Larger{}));
  float partial = 0.0f;
  for (int i = group.lane; i < columns; i += lanes) {
    const float power = (held[i] - largest) * a.scale;
    const float value = ExpOfNotPositive(power);
    partial += value;
    held[i] = a.logarithm != 0 ? power : value;
  }
  const float sum = SumOrNan(CombineGroup(shared.sums, lanes, partial, Adding{}), largest);
  const float log_sum = Log(sum);
  for (int i = group.lane; i < columns; i += lanes) {
    StoreScore(a.out, group.begin + i, a.out_type, a.logarithm != 0 ? held[i] - log_sum : held[i] / sum);
  }
}

template <class Element>
TRTN_DEVICE void SoftmaxOfLongRow(const SoftmaxArguments& a, const RowGroup& group,
                                  const SoftmaxShared& shared) {
  const Element* row = static_cast<const Element*>(a.in) + group.begin;
  const float largest = NumberOf(LargestKey(shared.keys, group.lanes, row, group.columns));
  float partial = 0.0f;
  for (int64_t i = group.lane; i < group.columns; i += group.lanes)
    partial += ShiftedExp(ToFloat(row[i]), largest, a.scale);
  const float sum = SumOrNan(CombineGroup(shared.sums, group.lanes, partial, Adding{}), largest);
  for (int64_t i = group.lane; i < group.columns; i += group.lanes)
    StoreScore(a.out, group.begin + i, a.out_type, SoftmaxResult(a, ToFloat(row[i]), largest, sum));
}

template <class Element>
TRTN_DEVICE void SoftmaxRows(const SoftmaxArguments& a, const SoftmaxShared& shared) {
  const int lanes = LanesFor(a.columns);
  const int thread = static_cast<int>(trtn::gpu::ThreadX());
  const int64_t groups = kRowThreads / lanes;
  const int64_t step = static_cast<int64_t>(trtn::gpu::GridSizeX()) * groups;
  for (int64_t first = trtn::gpu::BlockX() * groups; first < a.rows; first += step) {
    const int64_t index = first + thread / lanes;
    // Threads without a row come to the barriers too.
    const bool has_row = index < a.rows;
    const RowGroup group{lanes, thread % lanes, has_row ? index * a.columns : 0, has_row ? a.columns : 0};
    if (a.columns <= kHeld / kRowThreads * lanes) {
      SoftmaxOfHeldRow<Element>(a, group, shared);
    } else {
      SoftmaxOfLongRow<Element>(a, group, shared);
    }
  }
}

}  // namespace trtn::ops::scores

#define TRTN_SOFTMAX_KERNEL(suffix, Element)                                     \
  TRTN_KERNEL(softmax_##suffix)(trtn::ops::scores::SoftmaxArguments arguments) { \
    TRTN_SHARED(float, held, trtn::ops::scores::kHeld);                          \
    TRTN_SHARED(int32_t, keys, trtn::ops::scores::kRowThreads);                  \
    TRTN_SHARED(float, sums, trtn::ops::scores::kRowThreads);                    \
    trtn::ops::scores::SoftmaxRows<Element>(arguments, {held, keys, sums});      \
  }

TRTN_SOFTMAX_KERNEL(f32, float)
TRTN_SOFTMAX_KERNEL(f16, trtn::ops::Half)
TRTN_SOFTMAX_KERNEL(bf16, trtn::ops::BFloat16)
