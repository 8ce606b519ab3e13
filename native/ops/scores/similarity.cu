// SPDX-License-Identifier: Apache-2.0
#include "ops/scores/row_kernels.h"
#include "ops/scores/similarity.h"

namespace trtn::ops::scores {

/// The dot product of two rows, given to all threads of the group. `columns` of 0 where the group has no row.
template <class Element>
TRTN_DEVICE float DotOfRows(float* shared, int lanes, const Element* a, const Element* b, int64_t columns) {
  float partial = 0.0f;
  for (int64_t i = static_cast<int>(trtn::gpu::ThreadX()) % lanes; i < columns; i += lanes) {
    partial += ToFloat(a[i]) * ToFloat(b[i]);
  }
  return CombineGroup(shared, lanes, partial, Adding{});
}

template <class Element>
TRTN_DEVICE void NormalizeRows(const NormalizeArguments& a, float* sums) {
  const int lanes = LanesFor(a.columns);
  const int64_t groups = kRowThreads / lanes;
  const int64_t group = static_cast<int>(trtn::gpu::ThreadX()) / lanes;
  const int64_t step = static_cast<int64_t>(trtn::gpu::GridSizeX()) * groups;
  for (int64_t first = trtn::gpu::BlockX() * groups; first < a.rows; first += step) {
    const bool has_row = first + group < a.rows;
    const int64_t begin = has_row ? (first + group) * a.columns : 0;
    const int64_t columns = has_row ? a.columns : 0;
    const Element* row = static_cast<const Element*>(a.in) + begin;
    const float norm = NormOf(DotOfRows(sums, lanes, row, row, columns), a.epsilon);
    for (int64_t i = static_cast<int>(trtn::gpu::ThreadX()) % lanes; i < columns; i += lanes) {
      StoreScore(a.out, begin + i, a.out_type, ToFloat(row[i]) / norm);
    }
  }
}

template <class Element>
TRTN_DEVICE void CompareRows(const SimilarityArguments& a, float* sums) {
  const int lanes = LanesFor(a.columns);
  const int64_t groups = kRowThreads / lanes;
  const int64_t group = static_cast<int>(trtn::gpu::ThreadX()) / lanes;
  const int64_t step = static_cast<int64_t>(trtn::gpu::GridSizeX()) * groups;
  for (int64_t first = trtn::gpu::BlockX() * groups; first < a.rows; first += step) {
    const int64_t index = first + group;
    const bool has_row = index < a.rows;
    const int64_t columns = has_row ? a.columns : 0;
    const Element* row = static_cast<const Element*>(a.in) + (has_row ? index * a.columns : 0);
    float norm = 0.0f;
    for (int64_t q = 0; q < a.query_count; q++) {
      const Element* query = static_cast<const Element*>(a.queries) + q * a.columns;
      // Three sums in one pass: a row is read once for each query.
      float products = 0.0f, query_squares = 0.0f, row_squares = 0.0f;
      for (int64_t i = static_cast<int>(trtn::gpu::ThreadX()) % lanes; i < columns; i += lanes) {
        const float x = ToFloat(query[i]), y = ToFloat(row[i]);
        products += x * y;
        query_squares += x * x;
        row_squares += y * y;
      }
      const float dot = CombineGroup(sums, lanes, products, Adding{});
      const float query_norm = NormOf(CombineGroup(sums, lanes, query_squares, Adding{}), a.epsilon);
      if (q == 0) norm = NormOf(CombineGroup(sums, lanes, row_squares, Adding{}), a.epsilon);
      if (has_row && static_cast<int>(trtn::gpu::ThreadX()) % lanes == 0) {
        StoreScore(a.out, q * a.rows + index, a.out_type, Cosine(dot, query_norm, norm));
      }
    }
  }
}

}  // namespace trtn::ops::scores

#define TRTN_SIMILARITY_KERNELS(suffix, Element)                                              \
  TRTN_KERNEL(l2_normalize_##suffix)(trtn::ops::scores::NormalizeArguments arguments) {       \
    TRTN_SHARED(float, sums, trtn::ops::scores::kRowThreads);                                 \
    trtn::ops::scores::NormalizeRows<Element>(arguments, sums);                               \
  }                                                                                           \
  TRTN_KERNEL(cosine_similarity_##suffix)(trtn::ops::scores::SimilarityArguments arguments) { \
    TRTN_SHARED(float, sums, trtn::ops::scores::kRowThreads);                                 \
    trtn::ops::scores::CompareRows<Element>(arguments, sums);                                 \
  }

TRTN_SIMILARITY_KERNELS(f32, float)
TRTN_SIMILARITY_KERNELS(f16, trtn::ops::Half)
TRTN_SIMILARITY_KERNELS(bf16, trtn::ops::BFloat16)
