// SPDX-License-Identifier: Apache-2.0
//
// One block a row. A radix select over RankOf(), eight bits at a time from the top, finds the rank of the
// k-th best; whatever is not below it is collected in any order and sorted. A row that fits is read once and
// kept in shared memory.
#include "ops/scores/row_kernels.h"
#include "ops/scores/top_k.h"

namespace trtn::ops::scores {

/// Floats of a row that are kept in shared memory.
constexpr int kHeldOfRow = 4096;

/// Shared memory of a block.
struct TopKShared {
  float* held;
  uint64_t* best;
  int* histogram;
  /// The digit that has the k-th best, how many ranks are above it, how many are not below it; then a
  /// counter.
  int* found;
  float* sums;
};

/// histogram[i] becomes the sum of histogram[i] and all behind it.
TRTN_DEVICE void SumFromEnd(int* histogram) {
  const int thread = static_cast<int>(trtn::gpu::ThreadX());
  for (int distance = 1; distance < kRowThreads; distance *= 2) {
    const int other = thread + distance < kRowThreads ? histogram[thread + distance] : 0;
    trtn::gpu::Barrier();
    histogram[thread] += other;
    trtn::gpu::Barrier();
  }
}

/// A rank that exactly k of the row reach.
template <class Element>
TRTN_DEVICE uint64_t FindThreshold(const Element* row, int64_t columns, int k, const TopKShared& shared) {
  const int thread = static_cast<int>(trtn::gpu::ThreadX());
  uint64_t prefix = 0;
  int wanted = k;
  for (int shift = 56; shift >= 0; shift -= 8) {
    shared.histogram[thread] = 0;
    trtn::gpu::Barrier();
    // The digits above, as far as they are known: none at first, and a shift by 64 is undefined.
    const uint64_t known = shift == 56 ? 0 : ~uint64_t{0} << (shift + 8);
    for (int64_t i = thread; i < columns; i += kRowThreads) {
      const uint64_t rank = RankOf(KeyOf(ToFloat(row[i])), i);
      if ((rank & known) == prefix) trtn::gpu::AtomicAdd(&shared.histogram[(rank >> shift) & 255], 1);
    }
    trtn::gpu::Barrier();
    SumFromEnd(shared.histogram);
    const int reach = shared.histogram[thread];
    const int above = thread + 1 < kRowThreads ? shared.histogram[thread + 1] : 0;
    if (reach >= wanted && above < wanted) {
      shared.found[0] = thread;
      shared.found[1] = above;
      shared.found[2] = reach;
    }
    trtn::gpu::Barrier();
    prefix |= static_cast<uint64_t>(shared.found[0]) << shift;
    const bool is_exact = shared.found[2] == wanted;
    wanted -= shared.found[1];
    trtn::gpu::Barrier();
    if (is_exact) break;
  }
  return prefix;
}

/// Sorts `count` ranks, a power of two, in descending order.
TRTN_DEVICE void SortDescending(uint64_t* ranks, int count) {
  for (int size = 2; size <= count; size *= 2) {
    for (int distance = size / 2; distance > 0; distance /= 2) {
      for (int i = static_cast<int>(trtn::gpu::ThreadX()); i < count / 2; i += kRowThreads) {
        const int low = 2 * i - (i & (distance - 1));
        const int high = low + distance;
        const bool descending = (low & size) == 0;
        const uint64_t a = ranks[low], b = ranks[high];
        if ((a < b) == descending) {
          ranks[low] = b;
          ranks[high] = a;
        }
      }
      trtn::gpu::Barrier();
    }
  }
}

/// Leaves the k best of a row in shared.best, sorted.
template <class Element>
TRTN_DEVICE void CollectBest(const Element* row, int64_t columns, int k, const TopKShared& shared) {
  const int thread = static_cast<int>(trtn::gpu::ThreadX());
  const uint64_t threshold = FindThreshold(row, columns, k, shared);
  int size = 1;
  while (size < k) size *= 2;
  for (int i = k + thread; i < size; i += kRowThreads) shared.best[i] = 0;
  if (thread == 0) shared.found[3] = 0;
  trtn::gpu::Barrier();
  for (int64_t i = thread; i < columns; i += kRowThreads) {
    const uint64_t rank = RankOf(KeyOf(ToFloat(row[i])), i);
    if (rank >= threshold) shared.best[trtn::gpu::AtomicAdd(&shared.found[3], 1)] = rank;
  }
  trtn::gpu::Barrier();
  SortDescending(shared.best, size);
}

/// The sum of softmax, in the order of softmax.cu; given to all threads.
template <class Element>
TRTN_DEVICE float SumOfRow(const Element* row, const TopKArguments& a, float largest, float* sums) {
  const int lanes = LanesFor(a.columns);
  const int thread = static_cast<int>(trtn::gpu::ThreadX());
  float partial = 0.0f;
  if (thread < lanes) {
    for (int64_t i = thread; i < a.columns; i += lanes)
      partial += ShiftedExp(ToFloat(row[i]), largest, a.scale);
  }
  // Threads beyond the lanes make groups of their own, whose sums nobody reads.
  CombineGroup(sums, lanes, partial, Adding{});
  const float sum = SumOrNan(sums[0], largest);
  trtn::gpu::Barrier();
  return sum;
}

template <class Element>
TRTN_DEVICE void TopKOfRow(const Element* row, const TopKArguments& a, int64_t row_index,
                           const TopKShared& shared) {
  CollectBest(row, a.columns, a.k, shared);
  const float largest = NumberOf(KeyOfRank(shared.best[0]));
  const float sum = a.probabilities != 0 ? SumOfRow(row, a, largest, shared.sums) : 0.0f;
  for (int i = static_cast<int>(trtn::gpu::ThreadX()); i < a.k; i += kRowThreads) {
    const int32_t index = IndexOf(shared.best[i]);
    const float x = ToFloat(row[index]);
    a.indices[row_index * a.k + i] = index;
    if (a.values == nullptr) continue;
    const float value = a.probabilities != 0 ? ShiftedExp(x, largest, a.scale) / sum : x;
    StoreScore(a.values, row_index * a.k + i, a.out_type, value);
  }
}

/// Of a row of floats there is one code for both kinds of memory, which is long.
TRTN_DEVICE void TopKOfRowAt(bool is_held, const float* row, const TopKArguments& a, int64_t row_index,
                             const TopKShared& shared) {
  TopKOfRow(is_held ? shared.held : row, a, row_index, shared);
}

template <class Element>
TRTN_DEVICE void TopKOfRowAt(bool is_held, const Element* row, const TopKArguments& a, int64_t row_index,
                             const TopKShared& shared) {
  if (is_held) {
    TopKOfRow<float>(shared.held, a, row_index, shared);
  } else {
    TopKOfRow(row, a, row_index, shared);
  }
}

template <class Element>
TRTN_DEVICE void TopKOfRows(const TopKArguments& a, const TopKShared& shared) {
  const bool is_held = a.columns <= kHeldOfRow;
  for (int64_t row_index = trtn::gpu::BlockX(); row_index < a.rows; row_index += trtn::gpu::GridSizeX()) {
    const Element* row = static_cast<const Element*>(a.in) + row_index * a.columns;
    const int held = is_held ? static_cast<int>(a.columns) : 0;
    for (int i = static_cast<int>(trtn::gpu::ThreadX()); i < held; i += kRowThreads)
      shared.held[i] = ToFloat(row[i]);
    trtn::gpu::Barrier();
    TopKOfRowAt(is_held, row, a, row_index, shared);
    trtn::gpu::Barrier();
  }
}

}  // namespace trtn::ops::scores

#define TRTN_TOP_K_KERNEL(suffix, Element)                                                   \
  TRTN_KERNEL(top_k_##suffix)(trtn::ops::scores::TopKArguments arguments) {                  \
    TRTN_SHARED(float, held, trtn::ops::scores::kHeldOfRow);                                 \
    TRTN_SHARED(uint64_t, best, trtn::ops::scores::kMostBest);                               \
    TRTN_SHARED(int, histogram, trtn::ops::scores::kRowThreads);                             \
    TRTN_SHARED(int, found, 4);                                                              \
    TRTN_SHARED(float, sums, trtn::ops::scores::kRowThreads);                                \
    trtn::ops::scores::TopKOfRows<Element>(arguments, {held, best, histogram, found, sums}); \
  }

TRTN_TOP_K_KERNEL(f32, float)
TRTN_TOP_K_KERNEL(f16, trtn::ops::Half)
TRTN_TOP_K_KERNEL(bf16, trtn::ops::BFloat16)
