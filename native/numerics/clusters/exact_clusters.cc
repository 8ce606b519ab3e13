// SPDX-License-Identifier: Apache-2.0
#include "numerics/clusters/exact_clusters.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace trtn::numerics {
namespace {

/// Ends whose best ranges are looked for, and where those may begin.
struct Span {
  int64_t low, high, from, to;
};

class Search {
 public:
  Search(const SortedValues& sorted, const std::vector<int64_t>& starts, int64_t clusters)
      : starts_(starts),
        count_(static_cast<int64_t>(starts.size())),
        clusters_(clusters),
        sums_(starts.size() + 1),
        before_(starts.size() + 1),
        now_(starts.size() + 1),
        choices_(static_cast<size_t>(clusters - 1) * (starts.size() + 1)) {
    for (int64_t i = 0; i <= count_; ++i) sums_[i] = sorted.SumsTo(i == count_ ? sorted.count() : starts[i]);
  }

  std::vector<int64_t> Run(ops::Workers& workers) {
    for (int64_t end = 1; end <= count_; ++end) now_[end] = ErrorOfRange(0, end);
    for (int64_t clusters = 2; clusters <= clusters_; ++clusters) {
      std::swap(before_, now_);
      uint32_t* const choices = choices_.data() + (clusters - 2) * (count_ + 1);
      FillAll(workers, choices, {clusters, count_, clusters - 1, count_ - 1});
    }
    std::vector<int64_t> result(static_cast<size_t>(clusters_));
    int64_t end = count_;
    for (int64_t cluster = clusters_ - 1; cluster > 0; --cluster) {
      end = choices_[(cluster - 1) * (count_ + 1) + end];
      result[cluster] = starts_[end];
    }
    return result;
  }

 private:
  /// The middle ends of the larger spans one after the other, then the spans between them side by side.
  void FillAll(ops::Workers& workers, uint32_t* choices, const Span& all) {
    std::vector<Span> spans{all};
    while (static_cast<int>(spans.size()) < 4 * workers.threads() && workers.threads() > 1 && count_ > 4096) {
      std::vector<Span> halves;
      for (const Span& span : spans) {
        if (span.low > span.high) continue;
        const int64_t end = (span.low + span.high) / 2, best = FillOne(choices, end, span.from, span.to);
        halves.push_back({span.low, end - 1, span.from, best});
        halves.push_back({end + 1, span.high, best, span.to});
      }
      spans = std::move(halves);
    }
    workers.ParallelFor(static_cast<int64_t>(spans.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) Fill(choices, spans[i]);
    });
  }

  void Fill(uint32_t* choices, const Span& span) {
    if (span.low > span.high) return;
    const int64_t end = (span.low + span.high) / 2, best = FillOne(choices, end, span.from, span.to);
    Fill(choices, {span.low, end - 1, span.from, best});
    Fill(choices, {end + 1, span.high, best, span.to});
  }

  int64_t FillOne(uint32_t* choices, int64_t end, int64_t from, int64_t to) {
    int64_t best = from;
    double least = std::numeric_limits<double>::infinity();
    for (int64_t begin = from; begin <= std::min(to, end - 1); ++begin) {
      const double error = before_[begin] + ErrorOfRange(begin, end);
      if (error < least) {
        least = error;
        best = begin;
      }
    }
    now_[end] = least;
    choices[end] = static_cast<uint32_t>(best);
    return best;
  }

  double ErrorOfRange(int64_t begin, int64_t end) const {
    const RangeSums &low = sums_[begin], &high = sums_[end];
    return ErrorOf({high.weight - low.weight, high.first - low.first, high.second - low.second});
  }

  const std::vector<int64_t>& starts_;
  const int64_t count_, clusters_;
  std::vector<RangeSums> sums_;
  /// Least error of the first values in one cluster less than now, and in as many as now.
  std::vector<double> before_, now_;
  std::vector<uint32_t> choices_;
};

}  // namespace

std::vector<int64_t> ExactStarts(ops::Workers& workers, const SortedValues& sorted,
                                 const std::vector<int64_t>& starts, int64_t clusters) {
  return Search(sorted, starts, clusters).Run(workers);
}

}  // namespace trtn::numerics
