// SPDX-License-Identifier: Apache-2.0
#include "ops/scores/cpu_rows.h"

#include <algorithm>
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

/// The lanes by halves.
TRTN_SIMD_CLONES float SumOfLanes(float* lanes, int count) {
  for (int half = count / 2; half > 0; half /= 2) {
    const float* other = lanes + half;
    for (int i = 0; i < half; i++) lanes[i] += other[i];
  }
  return lanes[0];
}

/// Lanes that a loop works on at once: a number known to the compiler, so that they stay in registers.
constexpr int64_t kTogether = kFewLanes;

TRTN_SIMD_CLONES void AddExps(const float* TRTN_RESTRICT row, int64_t columns, float largest, float scale,
                              float* TRTN_RESTRICT lanes, float* TRTN_RESTRICT out) {
  const int64_t count = LanesFor(columns);
  int64_t from = 0, lane = 0;
  for (; from + kTogether <= columns; from += kTogether) {
    for (int64_t i = 0; i < kTogether; i++) {
      const float value = ShiftedExp(row[from + i], largest, scale);
      out[from + i] = value;
      lanes[lane + i] += value;
    }
    lane = lane + kTogether == count ? 0 : lane + kTogether;
  }
  for (; from < columns; from++) {
    out[from] = ShiftedExp(row[from], largest, scale);
    lanes[lane++] += out[from];
  }
}

TRTN_SIMD_CLONES void AddExpsAlone(const float* TRTN_RESTRICT row, int64_t columns, float largest,
                                   float scale, float* TRTN_RESTRICT lanes) {
  const int64_t count = LanesFor(columns);
  int64_t from = 0, lane = 0;
  for (; from + kTogether <= columns; from += kTogether) {
    for (int64_t i = 0; i < kTogether; i++) lanes[lane + i] += ShiftedExp(row[from + i], largest, scale);
    lane = lane + kTogether == count ? 0 : lane + kTogether;
  }
  for (; from < columns; from++) lanes[lane++] += ShiftedExp(row[from], largest, scale);
}

TRTN_SIMD_CLONES void AddProducts(const float* a, const float* b, int64_t columns,
                                  float* TRTN_RESTRICT lanes) {
  const int64_t count = LanesFor(columns);
  int64_t from = 0, lane = 0;
  for (; from + kTogether <= columns; from += kTogether) {
    for (int64_t i = 0; i < kTogether; i++) lanes[lane + i] += a[from + i] * b[from + i];
    lane = lane + kTogether == count ? 0 : lane + kTogether;
  }
  for (; from < columns; from++) lanes[lane++] += a[from] * b[from];
}

/// Where the next kTogether elements begin of which one's key is above, or fewer than kTogether are left.
TRTN_SIMD_CLONES int64_t SkipNotAbove(const float* TRTN_RESTRICT row, int64_t from, int64_t columns,
                                      int32_t key) {
  for (; from + kTogether <= columns; from += kTogether) {
    int32_t above = 0;
    for (int64_t i = 0; i < kTogether; i++) above |= static_cast<int32_t>(KeyOf(row[from + i]) > key);
    if (above != 0) break;
  }
  return from;
}

/// The largest key of each of kTogether strided lanes.
TRTN_SIMD_CLONES void LaneMaxima(const float* TRTN_RESTRICT row, int64_t columns,
                                 int32_t* TRTN_RESTRICT maxima) {
  for (int64_t i = 0; i < kTogether; i++) maxima[i] = kLowestKey;
  int64_t from = 0;
  for (; from + kTogether <= columns; from += kTogether) {
    for (int64_t i = 0; i < kTogether; i++) {
      const int32_t key = KeyOf(row[from + i]);
      maxima[i] = key > maxima[i] ? key : maxima[i];
    }
  }
  for (int64_t i = 0; from + i < columns; i++) maxima[i] = std::max(maxima[i], KeyOf(row[from + i]));
}

/// A key below those of at least k elements: where k lanes have an element, the k-th of their largest is
/// reached k times.
int32_t KeyBelowBest(const float* row, int64_t columns, int k) {
  if (k > kTogether || columns < kTogether) return kLowestKey;
  int32_t maxima[kTogether];
  LaneMaxima(row, columns, maxima);
  std::nth_element(maxima, maxima + k - 1, maxima + kTogether, std::greater<>());
  return maxima[k - 1] - 1;
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

void StoreRow(const TensorView& tensor, int64_t begin, const float* from, int64_t count) {
  if (tensor.type == ElementType::kFloat32) {
    WriteFloats(from, count, static_cast<float*>(tensor.data) + begin);
  } else if (tensor.type == ElementType::kFloat16) {
    WriteHalves(from, count, static_cast<uint16_t*>(tensor.data) + begin);
  } else {
    WriteBFloats(from, count, static_cast<uint16_t*>(tensor.data) + begin);
  }
}

int32_t LargestKeyOf(const float* row, int64_t columns) {
  int32_t maxima[kTogether];
  LaneMaxima(row, columns, maxima);
  return *std::max_element(maxima, maxima + kTogether);
}

float ExpAndSum(const float* row, int64_t columns, float largest, float scale, float* out) {
  float lanes[kRowThreads] = {};
  AddExps(row, columns, largest, scale, lanes, out);
  return SumOrNan(SumOfLanes(lanes, LanesFor(columns)), largest);
}

float SumOfExps(const float* row, int64_t columns, float largest, float scale) {
  float lanes[kRowThreads] = {};
  AddExpsAlone(row, columns, largest, scale, lanes);
  return SumOrNan(SumOfLanes(lanes, LanesFor(columns)), largest);
}

float DotOf(const float* a, const float* b, int64_t columns) {
  float lanes[kRowThreads] = {};
  AddProducts(a, b, columns, lanes);
  return SumOfLanes(lanes, LanesFor(columns));
}

TRTN_SIMD_CLONES void DivideAll(float* values, int64_t count, float by) {
  for (int64_t i = 0; i < count; i++) values[i] = values[i] / by;
}

void SelectBest(const float* row, int64_t columns, int k, uint64_t* best) {
  // A heap with the worst of the best on top. Once it is full, equal keys further on are worse than that.
  int size = 0;
  int32_t bound = KeyBelowBest(row, columns, k);
  for (int64_t i = 0; i < columns;) {
    i = SkipNotAbove(row, i, columns, bound);
    for (const int64_t end = std::min(i + kTogether, columns); i < end; i++) {
      const int32_t key = KeyOf(row[i]);
      if (key <= bound) continue;
      if (size == k) std::pop_heap(best, best + size--, std::greater<>());
      best[size++] = RankOf(key, i);
      std::push_heap(best, best + size, std::greater<>());
      if (size == k) bound = KeyOfRank(best[0]);
    }
  }
  std::sort_heap(best, best + k, std::greater<>());
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
