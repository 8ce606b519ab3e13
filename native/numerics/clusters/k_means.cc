// SPDX-License-Identifier: Apache-2.0
#include "numerics/clusters/k_means.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "numerics/clusters/cluster_start.h"
#include "numerics/clusters/exact_clusters.h"
#include "numerics/clusters/lloyd.h"
#include "numerics/clusters/sorted_values.h"

namespace trtn::numerics {
namespace {

constexpr int64_t kIndexGrain = 16384;

std::vector<int64_t> StartsOfDifferent(const SortedValues& sorted, int64_t different) {
  std::vector<int64_t> starts{0};
  starts.reserve(static_cast<size_t>(different));
  for (int64_t i = 1; i < sorted.count(); ++i) {
    if (sorted[i] != sorted[i - 1]) starts.push_back(i);
  }
  return starts;
}

int64_t CountDifferent(const SortedValues& sorted) {
  int64_t count = 1;
  for (int64_t i = 1; i < sorted.count(); ++i) count += sorted[i] != sorted[i - 1] ? 1 : 0;
  return count;
}

[[noreturn]] void ThrowTooMuch(const KMeansRequest& request, int64_t different, int64_t clusters) {
  Error error("ERR_TRT_ARG_VALUE",
              "kMeans() finds the exact optimum where different values times clusters are at most " +
                  std::to_string(request.exact_most) + ", not for " + std::to_string(different) + " times " +
                  std::to_string(clusters) + ". Use method 'auto' or 'lloyd'.");
  error.AddNumber("different", different);
  error.AddNumber("clusters", clusters);
  throw error;
}

/// Where the ranges of the clusters begin.
std::vector<int64_t> StartsOf(ops::Workers& workers, const SortedValues& sorted,
                              const KMeansRequest& request) {
  const int64_t different = CountDifferent(sorted), count = std::min(request.clusters, different);
  const int64_t work = count * different;
  if (count == different) return StartsOfDifferent(sorted, different);
  if (request.method == KMeansMethod::kExact ||
      (request.method == KMeansMethod::kAuto && work <= request.exact_limit)) {
    if (work > request.exact_most) ThrowTooMuch(request, different, count);
    return ExactStarts(workers, sorted, StartsOfDifferent(sorted, different), count);
  }
  std::vector<int64_t> starts = PlusPlusStarts(sorted, count, request.seed);
  ImproveStarts(sorted, starts);
  return starts;
}

/// The value up to which each cluster but the last reaches: the middle of two centres, kept between their
/// ranges.
std::vector<double> BordersOf(const SortedValues& sorted, const std::vector<int64_t>& starts,
                              const float* centers) {
  std::vector<double> borders;
  for (size_t i = 1; i < starts.size(); ++i) {
    const double last = sorted[starts[i] - 1], first = sorted[starts[i]];
    const double middle = (static_cast<double>(centers[i - 1]) + static_cast<double>(centers[i])) / 2;
    borders.push_back(middle >= last && middle < first ? middle : last);
  }
  return borders;
}

/// Without a branch: which half it is cannot be foretold.
uint16_t IndexOf(const std::vector<double>& borders, double value) {
  const double* base = borders.data();
  for (size_t left = borders.size(); left > 0;) {
    const size_t half = (left + 1) / 2;
    base += base[half - 1] < value ? half : 0;
    left = left - half;
  }
  return static_cast<uint16_t>(base - borders.data());
}

double ErrorOfCluster(const SortedValues& sorted, int64_t begin, int64_t end, double center) {
  double error = 0;
  for (int64_t i = begin; i < end; ++i) {
    const double distance = sorted[i] - center;
    error += sorted.WeightAt(i) * distance * distance;
  }
  return error;
}

}  // namespace

KMeansResult KMeans(ops::Workers& workers, const KMeansRequest& request, float* centers, uint16_t* indices) {
  const SortedValues sorted(workers, request.values, request.weights, request.count);
  std::vector<int64_t> starts = StartsOf(workers, sorted, request);
  const auto clusters = static_cast<int64_t>(starts.size());
  starts.push_back(sorted.count());
  std::vector<double> errors(static_cast<size_t>(clusters));
  workers.ParallelFor(clusters, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      centers[i] = static_cast<float>(sorted.MeanOf(starts[i], starts[i + 1]));
      errors[i] = ErrorOfCluster(sorted, starts[i], starts[i + 1], centers[i]);
    }
  });
  starts.pop_back();
  const std::vector<double> borders = BordersOf(sorted, starts, centers);
  workers.ParallelFor(request.count, kIndexGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) indices[i] = IndexOf(borders, request.values[i]);
  });
  double error = 0;
  for (const double one : errors) error += one;
  return {clusters, error};
}

}  // namespace trtn::numerics
