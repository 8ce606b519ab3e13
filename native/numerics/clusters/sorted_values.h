// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ops/workers.h"

namespace trtn::numerics {

/// Sums over a range of values x, less those of the middle, with their weights w.
struct RangeSums {
  /// Of w.
  double weight = 0;
  /// Of w (x - origin).
  double first = 0;
  /// Of w (x - origin)^2.
  double second = 0;
};

/// Weighted squared distances of a range from its mean.
double ErrorOf(const RangeSums& sums);
/// The same from a point at `distance` of the origin.
double ErrorAround(const RangeSums& sums, double distance);

/// Values in ascending order, and the sums from which the error of any range of them follows at once: see
/// lib/numerics/sorted-values.ts, which adds the same numbers in the same order. Values that count nothing
/// are left out.
class SortedValues {
 public:
  /// `weights` may be null: all count alike, as where all weights are 0. All are finite. Takes 4 bytes for
  /// each value, 12 with weights while it sorts and 8 after that.
  SortedValues(ops::Workers& workers, const float* values, const float* weights, int64_t count);

  int64_t count() const { return static_cast<int64_t>(values_.size()); }
  float operator[](int64_t index) const { return values_[static_cast<size_t>(index)]; }
  double WeightAt(int64_t index) const { return weights_.empty() ? 1 : weights_[static_cast<size_t>(index)]; }
  /// What distances are measured from: a value in the middle.
  double origin() const { return origin_; }

  /// Sums over [begin, end).
  RangeSums SumsOf(int64_t begin, int64_t end) const;
  /// Sums from the middle to `index`, negative before it.
  RangeSums SumsTo(int64_t index) const;
  /// The first position of [begin, end) whose value is above `limit`; `end` if there is none.
  int64_t FirstAbove(double limit, int64_t begin, int64_t end) const;
  /// Mean of a range, from the lowest to the highest of its values.
  double MeanOf(int64_t begin, int64_t end) const;

 private:
  void SortAlone(ops::Workers& workers, const float* values, int64_t count);
  void SortTogether(ops::Workers& workers, const float* values, const float* weights, int64_t count);
  void KeepSums();
  void AddTo(RangeSums& sums, int64_t index, double sign) const;

  std::vector<float> values_, weights_;
  int64_t anchor_ = 0;
  double origin_ = 0;
  /// For each block of values, from the anchor to its end that is nearer to it.
  std::vector<RangeSums> kept_;
};

}  // namespace trtn::numerics
