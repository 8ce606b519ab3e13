// SPDX-License-Identifier: Apache-2.0
#include "numerics/clusters/lloyd.h"

#include <algorithm>

namespace trtn::numerics {
namespace {

/// Steps at most. The last of thousands move a border by a value or two.
constexpr int kMostLloydSteps = 2000;

class Ranges {
 public:
  Ranges(const SortedValues& sorted, std::vector<int64_t>& starts) : sorted_(sorted), starts_(starts) {}

  void MoveBorders() {
    double mean = sorted_.MeanOf(starts_[0], EndOf(0));
    for (size_t i = 1; i < starts_.size(); ++i) {
      const int64_t end = EndOf(i);
      const double next = sorted_.MeanOf(starts_[i], end);
      // The border lies between the two means, hence within their two ranges, the first of which may have
      // moved.
      starts_[i] = sorted_.FirstAbove((mean + next) / 2, starts_[i - 1], end);
      mean = next;
    }
  }

  /// Every range that has nothing gets a part of the one with the greatest error: there are enough different
  /// values.
  void FillEmpty() {
    for (;;) {
      size_t empty = 0;
      while (empty < starts_.size() && starts_[empty] != EndOf(empty)) ++empty;
      if (empty == starts_.size()) return;
      const auto [index, border] = Worst();
      starts_.insert(starts_.begin() + static_cast<int64_t>(index) + 1, border);
      starts_.erase(starts_.begin() + static_cast<int64_t>(index < empty ? empty + 1 : empty));
      starts_[0] = 0;
    }
  }

 private:
  int64_t EndOf(size_t index) const {
    return index + 1 < starts_.size() ? starts_[index + 1] : sorted_.count();
  }

  struct Split {
    size_t index;
    int64_t border;
  };

  /// The range with the greatest error of those that have two different values, and where it is to be split.
  Split Worst() const {
    size_t worst = 0;
    double most = -1;
    for (size_t i = 0; i < starts_.size(); ++i) {
      const int64_t begin = starts_[i], end = EndOf(i);
      if (begin == end || sorted_[begin] == sorted_[end - 1]) continue;
      const double error = ErrorOf(sorted_.SumsOf(begin, end));
      if (error > most) {
        most = error;
        worst = i;
      }
    }
    const int64_t begin = starts_[worst], end = EndOf(worst);
    const int64_t border = sorted_.FirstAbove(sorted_.MeanOf(begin, end), begin, end);
    // The mean may round to the highest value.
    return {worst, border < end ? border : sorted_.FirstAbove(sorted_[begin], begin, end)};
  }

  const SortedValues& sorted_;
  std::vector<int64_t>& starts_;
};

}  // namespace

void ImproveStarts(const SortedValues& sorted, std::vector<int64_t>& starts) {
  Ranges ranges(sorted, starts);
  ranges.FillEmpty();
  for (int step = 0; step < kMostLloydSteps; ++step) {
    const std::vector<int64_t> before = starts;
    ranges.MoveBorders();
    ranges.FillEmpty();
    if (starts == before) return;
  }
}

}  // namespace trtn::numerics
