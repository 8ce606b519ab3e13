// SPDX-License-Identifier: Apache-2.0
#include "ops/scores/cpu_rows.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "core/error.h"
#include "ops/element_dispatch.h"
#include "ops/simd.h"

namespace trtn::ops::scores {

namespace {

TRTN_SIMD_CLONES void ReadHalves(const uint16_t* TRTN_RESTRICT from, int64_t count, float* TRTN_RESTRICT to) {
  for (int64_t i = 0; i < count; i++) to[i] = ToFloat(Half{from[i]});
}
TRTN_SIMD_CLONES void ReadBFloats(const uint16_t* TRTN_RESTRICT from, int64_t count,
                                  float* TRTN_RESTRICT to) {
  for (int64_t i = 0; i < count; i++) to[i] = ToFloat(BFloat16{from[i]});
}
TRTN_SIMD_CLONES void WriteFloats(const float* TRTN_RESTRICT from, int64_t count, float* TRTN_RESTRICT to) {
  for (int64_t i = 0; i < count; i++) to[i] = Canonical(from[i]);
}
TRTN_SIMD_CLONES void WriteHalves(const float* TRTN_RESTRICT from, int64_t count,
                                  uint16_t* TRTN_RESTRICT to) {
  for (int64_t i = 0; i < count; i++) to[i] = FromFloat<Half>(from[i]).bits;
}
TRTN_SIMD_CLONES void WriteBFloats(const float* TRTN_RESTRICT from, int64_t count,
                                   uint16_t* TRTN_RESTRICT to) {
  for (int64_t i = 0; i < count; i++) to[i] = FromFloat<BFloat16>(from[i]).bits;
}

// Loops that become part of the functions with TRTN_SIMD_CLONES below; a call would leave them plain.
#define TRTN_IN_CLONES inline __attribute__((always_inline))

/// Three times on x86-64: for AVX-512 too, where a loop is arithmetic alone and twice as fast for it.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(TRTN_SANITIZED) && \
    !defined(TRTN_EMULATE)
#define TRTN_WIDE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TRTN_WIDE_CLONES
#endif

/// Lanes that a loop works on at once: a number known to the compiler, so that they stay in registers.
constexpr int64_t kTogether = kFewLanes;
constexpr float kLowest = -__builtin_inff();

/// What compilers do not know to be 0: they would clear small arrays by an instruction that is slow to start.
const volatile float kUnknownZero = 0.0f;

/// The lanes by halves. Their number is a constant: loops of an unknown length would cost more than the sums.
template <int kCount>
TRTN_IN_CLONES float SumOfLanes(float* lanes) {
  if constexpr (kCount == 1) {
    return lanes[0];
  } else {
    for (int i = 0; i < kCount / 2; i++) lanes[i] += lanes[i + kCount / 2];
    return SumOfLanes<kCount / 2>(lanes);
  }
}

/// The last elements of a row, fewer than kTogether, and `fill`.
TRTN_IN_CLONES void CopyRest(const float* from, int64_t count, float fill, float* to) {
  for (int64_t i = 0; i < kTogether; i++) to[i] = fill;
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

template <int kLanes, bool kIsKept>
TRTN_IN_CLONES float SumOfExpsOver(const float* TRTN_RESTRICT row, int64_t columns, float largest,
                                   float scale, float* TRTN_RESTRICT out) {
  float lanes[kLanes];
  const float zero = kUnknownZero;
  for (int64_t i = 0; i < kLanes; i++) lanes[i] = zero;
  int64_t from = 0, lane = 0;
  for (; from + kTogether <= columns; from += kTogether) {
    for (int64_t i = 0; i < kTogether; i++) {
      const float value = ShiftedExp(row[from + i], largest, scale);
      if (kIsKept) out[from + i] = value;
      lanes[lane + i] += value;
    }
    lane = lane + kTogether == kLanes ? 0 : lane + kTogether;
  }
  if (const int64_t count = columns - from; count > 0) {
    float rest[kTogether];
    CopyRest(row + from, count, largest, rest);
    for (int64_t i = 0; i < kTogether; i++) rest[i] = ShiftedExp(rest[i], largest, scale);
    if (kIsKept) std::memcpy(out + from, rest, static_cast<size_t>(count) * sizeof(float));
    // A sum from 0 upwards is never -0: adding 0 changes nothing.
    for (int64_t i = 0; i < kTogether; i++) lanes[lane + i] += Pick(i < count, rest[i], 0.0f);
  }
  return SumOfLanes<kLanes>(lanes);
}

template <bool kIsKept>
TRTN_IN_CLONES float SumOfExpsOf(const float* TRTN_RESTRICT row, int64_t columns, float largest, float scale,
                                 float* TRTN_RESTRICT out) {
  const float sum = LanesFor(columns) == kFewLanes
                        ? SumOfExpsOver<kFewLanes, kIsKept>(row, columns, largest, scale, out)
                        : SumOfExpsOver<kRowThreads, kIsKept>(row, columns, largest, scale, out);
  return SumOrNan(sum, largest);
}

template <int kLanes>
TRTN_IN_CLONES float DotOver(const float* a, const float* b, int64_t columns) {
  float lanes[kLanes];
  const float zero = kUnknownZero;
  for (int64_t i = 0; i < kLanes; i++) lanes[i] = zero;
  int64_t from = 0, lane = 0;
  for (; from + kTogether <= columns; from += kTogether) {
    for (int64_t i = 0; i < kTogether; i++) lanes[lane + i] += a[from + i] * b[from + i];
    lane = lane + kTogether == kLanes ? 0 : lane + kTogether;
  }
  for (; from < columns; from++) lanes[lane++] += a[from] * b[from];
  return SumOfLanes<kLanes>(lanes);
}

/// One step of LaneMaxima().
TRTN_IN_CLONES void RaiseMaxima(const float* row, float* largest, int32_t* nan) {
  for (int64_t i = 0; i < kTogether; i++) {
    const float x = row[i];
    nan[i] |= x != x ? -1 : 0;
    largest[i] = x > largest[i] ? x : largest[i];
  }
}

/// The largest of each of kTogether strided lanes, -infinity where one has no element. False, and nothing of
/// use, for a row with NaN.
TRTN_IN_CLONES bool LaneMaxima(const float* row, int64_t columns, float* maxima) {
  float largest[kTogether];
  // Negative after a NaN. Not 0 before, as for kUnknownZero.
  int32_t nan[kTogether];
  for (int64_t i = 0; i < kTogether; i++) largest[i] = kLowest;
  for (int64_t i = 0; i < kTogether; i++) nan[i] = 1;
  int64_t from = 0;
  for (; from + kTogether <= columns; from += kTogether) RaiseMaxima(row + from, largest, nan);
  if (from < columns) {
    float rest[kTogether];
    CopyRest(row + from, columns - from, kLowest, rest);
    RaiseMaxima(rest, largest, nan);
  }
  int32_t any = 0;
  for (int64_t i = 0; i < kTogether; i++) any |= nan[i];
  for (int64_t i = 0; i < kTogether; i++) maxima[i] = largest[i];
  return any >= 0;
}

/// The k-th largest of kTogether numbers: the least of those that fewer than k are above. No sort, no branch.
TRTN_IN_CLONES float KthLargest(const float* numbers, int k) {
  int32_t above[kTogether];
  for (int64_t i = 0; i < kTogether; i++) above[i] = 1 - k;
  for (int64_t j = 0; j < kTogether; j++) {
    const float other = numbers[j];
    for (int64_t i = 0; i < kTogether; i++) above[i] += other > numbers[i] ? 1 : 0;
  }
  float least = -kLowest;
  for (int64_t i = 0; i < kTogether; i++) {
    const float x = above[i] < 1 ? numbers[i] : -kLowest;
    least = x < least ? x : least;
  }
  return least;
}

/// The largest number below a finite one. No number has the key of -0.
inline float NextBelow(float x) {
  const int32_t key = KeyOf(x);
  return NumberOf(key == 0 ? key - 2 : key - 1);
}

/// True where one of kTogether elements is > bound. Compilers make vectors of it, of AboveMask() they do not.
TRTN_IN_CLONES bool IsAnyAbove(const float* row, float bound) {
  int32_t any = 0;
  for (int i = 0; i < kTogether; i++) any |= row[i] > bound ? -1 : 0;
  return any != 0;
}

/// Bit i is set where row[i] > bound, for kTogether elements.
TRTN_IN_CLONES uint32_t AboveMask(const float* row, float bound) {
  uint32_t mask = 0;
  for (int i = 0; i < kTogether; i++) mask |= row[i] > bound ? 1u << i : 0u;
  return mask;
}

/// The k best ranks so far.
class BestSoFar {
 public:
  // No constructor: clang leaves one out of the binary that functions with clones alone call.
  void Begin(uint64_t* best, int k) {
    best_ = best;
    k_ = k;
    size_ = 0;
    if (k <= kFew) std::fill(best, best + k, uint64_t{0});
  }

  bool IsFull() const { return size_ == k_; }
  int32_t WorstKey() const { return KeyOfRank(k_ <= kFew ? best_[k_ - 1] : best_[0]); }

  void Add(uint64_t rank) {
    if (k_ <= kFew) {
      // Sorted, without a branch: each takes the better of its own and what comes from above.
      for (int i = 0; i < k_; i++) {
        const uint64_t own = best_[i];
        best_[i] = own > rank ? own : rank;
        rank = own > rank ? rank : own;
      }
      size_ = size_ == k_ ? k_ : size_ + 1;
      return;
    }
    // A heap with the worst on top.
    if (size_ == k_) std::pop_heap(best_, best_ + size_--, std::greater<>());
    best_[size_++] = rank;
    std::push_heap(best_, best_ + size_, std::greater<>());
  }

  void Sort() {
    if (k_ > kFew) std::sort_heap(best_, best_ + k_, std::greater<>());
  }

 private:
  static constexpr int kFew = 8;
  uint64_t* best_;
  int k_;
  int size_;
};

/// False for a row with NaN.
TRTN_SIMD_CLONES bool SelectOfNumbers(const float* row, int64_t columns, int k, uint64_t* best) {
  float maxima[kTogether];
  if (!LaneMaxima(row, columns, maxima)) return false;
  BestSoFar so_far;
  so_far.Begin(best, k);
  // Where k lanes have a number, the k-th of their largest is reached k times: what is below is not looked
  // at.
  const float reached = k <= kTogether ? KthLargest(maxima, k) : kLowest;
  float bound = kLowest;
  int64_t from = 0;
  if (reached > kLowest) {
    bound = NextBelow(reached);
  } else {
    for (; from < k; from++) so_far.Add(RankOf(KeyOf(row[from]), from));
    bound = NumberOf(so_far.WorstKey());
  }
  for (; from < columns; from += kTogether) {
    const float* some = row + from;
    float rest[kTogether];
    if (from + kTogether > columns) {
      CopyRest(row + from, columns - from, kLowest, rest);
      some = rest;
    }
    if (!IsAnyAbove(some, bound)) continue;
    for (uint32_t mask = AboveMask(some, bound); mask != 0; mask &= mask - 1) {
      const int64_t i = from + __builtin_ctz(mask);
      // The bound may have risen since. Once k are found, equal ones further on are worse than those.
      if (!(row[i] > bound)) continue;
      so_far.Add(RankOf(KeyOf(row[i]), i));
      if (so_far.IsFull()) bound = NumberOf(so_far.WorstKey());
    }
  }
  so_far.Sort();
  return true;
}

}  // namespace

RowReader::RowReader(const TensorView& tensor, int64_t columns)
    : type_(tensor.type), data_(static_cast<const char*>(tensor.data)), columns_(columns) {
  if (type_ != ElementType::kFloat32) copy_.resize(static_cast<size_t>(columns));
}

const float* RowReader::Elements(int64_t begin, int64_t count) {
  if (type_ == ElementType::kFloat32) return reinterpret_cast<const float*>(data_) + begin;
  const uint16_t* from = reinterpret_cast<const uint16_t*>(data_) + begin;
  if (type_ == ElementType::kFloat16) {
    ReadHalves(from, count, copy_.data());
  } else if (type_ == ElementType::kBFloat16) {
    ReadBFloats(from, count, copy_.data());
  } else {
    RefuseElementType(type_);
  }
  return copy_.data();
}

RowWriter::RowWriter(const TensorView& tensor, int64_t columns) : tensor_(tensor), columns_(columns) {
  if (tensor.type != ElementType::kFloat32) copy_.resize(static_cast<size_t>(columns));
}

float* RowWriter::Row(int64_t index) {
  if (tensor_.type != ElementType::kFloat32) return copy_.data();
  return static_cast<float*>(tensor_.data) + index * columns_;
}

void RowWriter::Store(int64_t index) const {
  if (tensor_.type != ElementType::kFloat32) StoreRow(tensor_, index * columns_, copy_.data(), columns_);
}

void StoreRow(const TensorView& tensor, int64_t begin, const float* from, int64_t count) {
  if (tensor.type == ElementType::kFloat32) {
    WriteFloats(from, count, static_cast<float*>(tensor.data) + begin);
  } else if (tensor.type == ElementType::kFloat16) {
    WriteHalves(from, count, static_cast<uint16_t*>(tensor.data) + begin);
  } else {
    WriteBFloats(from, count, static_cast<uint16_t*>(tensor.data) + begin);
  }
}

TRTN_SIMD_CLONES float LargestOf(const float* row, int64_t columns) {
  float maxima[kTogether];
  if (!LaneMaxima(row, columns, maxima)) return FromBits(kQuietNan);
  float largest = kLowest;
  for (int64_t i = 0; i < kTogether; i++) largest = maxima[i] > largest ? maxima[i] : largest;
  // -0 becomes 0.
  return largest + 0.0f;
}

TRTN_WIDE_CLONES float ExpAndSum(const float* row, int64_t columns, float largest, float scale, float* out) {
  return SumOfExpsOf<true>(row, columns, largest, scale, out);
}

TRTN_WIDE_CLONES float SumOfExps(const float* row, int64_t columns, float largest, float scale) {
  return SumOfExpsOf<false>(row, columns, largest, scale, nullptr);
}

TRTN_SIMD_CLONES float DotOf(const float* a, const float* b, int64_t columns) {
  return LanesFor(columns) == kFewLanes ? DotOver<kFewLanes>(a, b, columns)
                                        : DotOver<kRowThreads>(a, b, columns);
}

TRTN_SIMD_CLONES void DivideAll(float* values, int64_t count, float by) {
  for (int64_t i = 0; i < count; i++) values[i] = Canonical(values[i] / by);
}

void SelectBest(const float* row, int64_t columns, int k, uint64_t* best) {
  if (SelectOfNumbers(row, columns, k, best)) return;
  // NaN is above all numbers: by keys, one after the other.
  BestSoFar so_far;
  so_far.Begin(best, k);
  for (int64_t i = 0; i < columns; i++) {
    const int32_t key = KeyOf(row[i]);
    if (!so_far.IsFull() || key > so_far.WorstKey()) so_far.Add(RankOf(key, i));
  }
  so_far.Sort();
}

void CheckViews(const std::vector<TensorView>& views, size_t count) {
  bool fits = views.size() == count;
  for (const TensorView& view : views) fits = fits && view.bytes >= TensorBytes(view.type, view.dims);
  if (!fits) throw Error("ERR_TRT_RUN_FAILED", "An operator on scores was given tensors that do not fit it.");
}

void CheckCount(const TensorView& view, int64_t elements) {
  if (static_cast<int64_t>(ElementCount(view.dims)) == elements) return;
  throw Error("ERR_TRT_RUN_FAILED", "An operator on scores was given tensors that do not fit it.");
}

ScoreType ScoreTypeOf(ElementType type) {
  if (type == ElementType::kFloat32) return ScoreType::kFloat32;
  if (type == ElementType::kFloat16) return ScoreType::kFloat16;
  if (type == ElementType::kBFloat16) return ScoreType::kBFloat16;
  RefuseElementType(type);
}

RowShape ShapeOf(const TensorView& tensor) {
  if (tensor.dims.empty()) throw Error("ERR_TRT_RUN_FAILED", "An operator on rows was given a scalar.");
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < tensor.dims.size(); i++) rows *= tensor.dims[i];
  return {rows, tensor.dims.back()};
}

uint32_t BlocksForRows(int64_t rows, int64_t columns) {
  const int64_t groups = kRowThreads / LanesFor(columns);
  return static_cast<uint32_t>(std::clamp<int64_t>((rows + groups - 1) / groups, 1, 1 << 20));
}

int64_t GrainFor(int64_t columns, int64_t elements) {
  return std::max<int64_t>(1, elements / std::max<int64_t>(1, columns));
}

}  // namespace trtn::ops::scores
