// SPDX-License-Identifier: Apache-2.0
#include "numerics/clusters/cluster_start.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace trtn::numerics {
namespace {

/// lib/random.ts: splitmix32.
class Uniform {
 public:
  explicit Uniform(uint32_t seed) : state_(seed) {}
  double Draw() {
    state_ += 0x9e3779b9u;
    uint32_t bits = state_;
    bits = (bits ^ (bits >> 16)) * 0x21f0aaadu;
    bits = (bits ^ (bits >> 15)) * 0x735a2d97u;
    return (bits ^ (bits >> 15)) / 4294967296.0;
  }

 private:
  uint32_t state_;
};

/// One centre and the values that are nearest to it.
struct Start {
  double center;
  int64_t begin, end;
  double error;
};

/// The range of a new centre, and what is left of those beside it.
struct Replacement {
  /// Of the range below the new centre; -1 if there is none.
  int64_t index;
  std::vector<Start> ranges;
};

class PlusPlus {
 public:
  PlusPlus(const SortedValues& sorted, uint32_t seed) : sorted_(sorted), uniform_(seed) {}

  std::vector<int64_t> Run(int64_t count) {
    const double total = sorted_.SumsOf(0, sorted_.count()).weight;
    const double first = sorted_[PositionOf(uniform_.Draw() * total, 0, sorted_.count(), nullptr)];
    starts_.push_back(RangeOf(first, 0, sorted_.count()));
    const auto draws = 2 + static_cast<int>(std::floor(std::log(static_cast<double>(count))));
    while (static_cast<int64_t>(starts_.size()) < count) {
      std::vector<double> candidates;
      for (int i = 0; i < draws; ++i) candidates.push_back(DrawValue(uniform_.Draw()));
      Insert(BestOf(candidates));
    }
    std::vector<int64_t> result;
    for (const Start& start : starts_) result.push_back(start.begin);
    return result;
  }

 private:
  double DrawValue(double share) const {
    double total = 0;
    for (const Start& start : starts_) total += start.error;
    double rest = share * total;
    size_t index = 0;
    for (; index + 1 < starts_.size() && rest >= starts_[index].error; ++index) rest -= starts_[index].error;
    const Start& start = starts_[index];
    return NotYetChosen(PositionOf(rest, start.begin, start.end, &start.center));
  }

  /// The last position before which less than `part` of the range's error, or without a centre its weight,
  /// lies.
  int64_t PositionOf(double part, int64_t begin, int64_t end, const double* center) const {
    int64_t low = begin, high = end - 1;
    while (low < high) {
      const int64_t middle = (low + high + 1) / 2;
      const RangeSums sums = sorted_.SumsOf(begin, middle);
      const double before = center == nullptr ? sums.weight : ErrorAround(sums, *center - sorted_.origin());
      if (before <= part) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /// The value there, or the next different one that is no centre: rounding may lead to one that is.
  double NotYetChosen(int64_t at) const {
    for (;;) {
      const double value = sorted_[at];
      const int64_t index = IndexBelow(value);
      if (index < 0 || starts_[static_cast<size_t>(index)].center != value) return value;
      at = sorted_.FirstAbove(value, at, sorted_.count());
      if (at == sorted_.count()) at = 0;
    }
  }

  /// Which of the candidates leaves the least error.
  double BestOf(const std::vector<double>& candidates) const {
    double best = candidates[0], most = -std::numeric_limits<double>::infinity();
    for (const double value : candidates) {
      const Replacement replacement = Neighbours(value);
      double error = 0, old = 0;
      for (const Start& range : replacement.ranges) error += range.error;
      for (int64_t i = std::max<int64_t>(0, replacement.index);
           i < std::min(replacement.index + 2, static_cast<int64_t>(starts_.size())); ++i)
        old += starts_[static_cast<size_t>(i)].error;
      if (old - error > most) {
        most = old - error;
        best = value;
      }
    }
    return best;
  }

  void Insert(double value) {
    const Replacement replacement = Neighbours(value);
    const auto at = starts_.begin() + std::max<int64_t>(0, replacement.index);
    const auto next = starts_.erase(at, at + static_cast<int64_t>(replacement.ranges.size()) - 1);
    starts_.insert(next, replacement.ranges.begin(), replacement.ranges.end());
  }

  Replacement Neighbours(double value) const {
    const int64_t index = IndexBelow(value), count = static_cast<int64_t>(starts_.size());
    const Start* below = index >= 0 ? &starts_[static_cast<size_t>(index)] : nullptr;
    const Start* above = index + 1 < count ? &starts_[static_cast<size_t>(index + 1)] : nullptr;
    int64_t begin = 0, end = sorted_.count();
    if (below != nullptr)
      begin = sorted_.FirstAbove((below->center + value) / 2, below->begin,
                                 above != nullptr ? above->end : below->end);
    if (above != nullptr) end = sorted_.FirstAbove((value + above->center) / 2, begin, above->end);
    Replacement replacement{index, {}};
    if (below != nullptr) replacement.ranges.push_back(RangeOf(below->center, below->begin, begin));
    replacement.ranges.push_back(RangeOf(value, begin, end));
    if (above != nullptr) replacement.ranges.push_back(RangeOf(above->center, end, above->end));
    return replacement;
  }

  /// The last start whose centre is not above the value; -1 if there is none.
  int64_t IndexBelow(double value) const {
    const auto above = std::upper_bound(starts_.begin(), starts_.end(), value,
                                        [](double one, const Start& start) { return one < start.center; });
    return above - starts_.begin() - 1;
  }

  Start RangeOf(double center, int64_t begin, int64_t end) const {
    return {center, begin, end, ErrorAround(sorted_.SumsOf(begin, end), center - sorted_.origin())};
  }

  const SortedValues& sorted_;
  Uniform uniform_;
  std::vector<Start> starts_;
};

}  // namespace

std::vector<int64_t> PlusPlusStarts(const SortedValues& sorted, int64_t count, uint32_t seed) {
  return PlusPlus(sorted, seed).Run(count);
}

}  // namespace trtn::numerics
