// SPDX-License-Identifier: Apache-2.0
//
// The twins' loops over one row of float32, in the order that rows.h states.
#pragma once

#include <cstdint>
#include <vector>

#include "core/tensor.h"
#include "ops/operator.h"
#include "ops/scores/rows.h"

namespace trtn::ops::scores {

/// Reads rows of float32, float16 or bfloat16 as float32; float32 is not copied.
class RowReader {
 public:
  RowReader(const TensorView& tensor, int64_t columns);
  /// Valid until the next call.
  const float* Row(int64_t index) { return Elements(index * columns_, columns_); }
  /// As Row(), for at most `columns` elements from anywhere.
  const float* Elements(int64_t begin, int64_t count);

 private:
  ElementType type_;
  const char* data_;
  int64_t columns_;
  std::vector<float> copy_;
};

/// Where results of a row are put as float32, for a tensor of float32, float16 or bfloat16; those of float32
/// are not copied. Every NaN has to be kQuietNan.
class RowWriter {
 public:
  RowWriter(const TensorView& tensor, int64_t columns);
  float* Row(int64_t index);
  /// What was put in Row(index), to where it belongs.
  void Store(int64_t index) const;

 private:
  TensorView tensor_;
  int64_t columns_;
  std::vector<float> copy_;
};

/// Writes rows as float32, float16 or bfloat16, every NaN the same.
void StoreRow(const TensorView& tensor, int64_t begin, const float* from, int64_t count);

/// The largest, 0 for -0; kQuietNan if there is a NaN.
float LargestOf(const float* row, int64_t columns);
/// Writes ShiftedExp() of the row to `out`, which does not overlap it, and gives their sum.
float ExpAndSum(const float* row, int64_t columns, float largest, float scale, float* out);
/// ExpAndSum() without writing them.
float SumOfExps(const float* row, int64_t columns, float largest, float scale);
float DotOf(const float* a, const float* b, int64_t columns);
/// Every NaN becomes kQuietNan.
void DivideAll(float* values, int64_t count, float by);

/// The `k` best of a row, best first.
void SelectBest(const float* row, int64_t columns, int k, uint64_t* best);

/// Throws ERR_TRT_RUN_FAILED where a view has fewer bytes than its dims need, or `count` views were not
/// given.
void CheckViews(const std::vector<TensorView>& views, size_t count);
/// Throws ERR_TRT_RUN_FAILED where the tensor has another number of elements.
void CheckCount(const TensorView& view, int64_t elements);
ScoreType ScoreTypeOf(ElementType type);
/// Elements of all dims but the last, and of the last.
struct RowShape {
  int64_t rows, columns;
};
RowShape ShapeOf(const TensorView& tensor);
/// Blocks for so many rows, as softmax.cu shares them out.
uint32_t BlocksForRows(int64_t rows, int64_t columns);
/// Rows of so many elements that are worth a thread of their own.
int64_t GrainFor(int64_t columns, int64_t elements);

}  // namespace trtn::ops::scores
