// SPDX-License-Identifier: Apache-2.0
//
// Clusters: the result describes itself rightly and is the same bits on any number of threads.
// test/native/numerics.test.ts compares it with TypeScript.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "core/error.h"
#include "numerics/clusters/k_means.h"
#include "ops/thread_pool.h"

namespace trtn::numerics {
namespace {

struct Found {
  std::vector<float> centers;
  std::vector<uint16_t> indices;
  double error;
};

std::vector<float> NormalFloats(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    value = 0;
    for (int i = 0; i < 12; ++i) value += static_cast<float>(random() >> 8) / 16777216.0f - 0.5f;
  }
  return values;
}

Found FindClusters(ops::Workers& workers, const std::vector<float>& values, const std::vector<float>& weights,
                   int64_t clusters, KMeansMethod method) {
  KMeansRequest request;
  request.values = values.data();
  request.weights = weights.empty() ? nullptr : weights.data();
  request.count = static_cast<int64_t>(values.size());
  request.clusters = clusters;
  request.method = method;
  request.exact_limit = int64_t{1} << 22;
  request.exact_most = int64_t{1} << 24;
  Found found{std::vector<float>(static_cast<size_t>(clusters)), std::vector<uint16_t>(values.size()), 0};
  const KMeansResult result = KMeans(workers, request, found.centers.data(), found.indices.data());
  found.centers.resize(static_cast<size_t>(result.clusters));
  found.error = result.error;
  return found;
}

void ExpectConsistent(const Found& found, const std::vector<float>& values,
                      const std::vector<float>& weights) {
  double error = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double distance = values[i] - static_cast<double>(found.centers.at(found.indices[i]));
    error += (weights.empty() ? 1 : weights[i]) * distance * distance;
  }
  EXPECT_NEAR(found.error, error, 1e-9 * error);
  EXPECT_TRUE(std::is_sorted(found.centers.begin(), found.centers.end()));
  EXPECT_EQ(std::set<uint16_t>(found.indices.begin(), found.indices.end()).size(), found.centers.size());
}

TEST(KMeans, IsTheSameOnAnyNumberOfThreads) {
  const std::vector<float> values = NormalFloats(140000, 1);
  std::vector<float> weights = NormalFloats(values.size(), 2);
  for (float& weight : weights) weight = std::max(weight, 0.0f);
  for (const std::vector<float>& given : {std::vector<float>{}, weights}) {
    for (const int64_t clusters : {1, 20, 100}) {
      std::vector<Found> found;
      for (const int threads : {1, 4}) {
        ops::ThreadPool pool(threads);
        ops::PoolWorkers workers(pool);
        found.push_back(FindClusters(workers, values, given, clusters, KMeansMethod::kAuto));
        ExpectConsistent(found.back(), values, given);
      }
      EXPECT_EQ(found[0].centers, found[1].centers);
      EXPECT_EQ(found[0].indices, found[1].indices);
      EXPECT_EQ(found[0].error, found[1].error);
    }
  }
}

TEST(KMeans, StepsAreNeverBetterThanTheOptimum) {
  ops::ThreadPool pool(2);
  ops::PoolWorkers workers(pool);
  const std::vector<float> values = NormalFloats(6000, 3);
  for (const int64_t clusters : {2, 16, 64}) {
    const Found exact = FindClusters(workers, values, {}, clusters, KMeansMethod::kExact);
    const Found steps = FindClusters(workers, values, {}, clusters, KMeansMethod::kLloyd);
    EXPECT_LE(exact.error, steps.error * (1 + 1e-6));
    EXPECT_LT(steps.error, exact.error * 1.1);
  }
}

TEST(KMeans, HasAsManyClustersAsThereAreValues) {
  ops::InlineWorkers workers;
  const std::vector<float> values{2, -0.0f, 0, 2, 7};
  for (const KMeansMethod method : {KMeansMethod::kAuto, KMeansMethod::kExact, KMeansMethod::kLloyd}) {
    const Found found = FindClusters(workers, values, {}, 4, method);
    EXPECT_EQ(found.centers, (std::vector<float>{0, 2, 7}));
    EXPECT_EQ(found.indices, (std::vector<uint16_t>{1, 0, 0, 1, 2}));
    EXPECT_EQ(found.error, 0);
    EXPECT_EQ(FindClusters(workers, std::vector<float>(9, 5.0f), {}, 4, method).centers,
              std::vector<float>{5});
  }
}

TEST(KMeans, RefusesAnExactSearchThatTakesTooMuch) {
  ops::InlineWorkers workers;
  const std::vector<float> values = NormalFloats(20000, 4);
  try {
    FindClusters(workers, values, {}, 5000, KMeansMethod::kExact);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "ERR_TRT_ARG_VALUE");
  }
}

}  // namespace
}  // namespace trtn::numerics
