// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "gpu/graph_cache.h"

namespace trtn::gpu {
namespace {

using Graph = std::shared_ptr<int>;

size_t KeepNew(GraphCache<Graph>& cache, const std::string& key, std::weak_ptr<int>* watched = nullptr) {
  Graph graph = std::make_shared<int>(1);
  if (watched != nullptr) *watched = graph;
  return cache.Keep(cache.Use(key), std::move(graph));
}

TEST(GraphCacheTest, KeepsGraphsByKey) {
  GraphCache<Graph> cache(2);
  EXPECT_FALSE(cache.Use("a").has_graph);
  EXPECT_EQ(KeepNew(cache, "a"), 0u);
  EXPECT_TRUE(cache.Use("a").has_graph);
  EXPECT_FALSE(cache.Use("b").has_graph);
  EXPECT_EQ(cache.graphs(), 1u);
}

TEST(GraphCacheTest, EvictsTheLeastRecentlyUsedGraph) {
  GraphCache<Graph> cache(2);
  std::weak_ptr<int> a, b;
  KeepNew(cache, "a", &a);
  KeepNew(cache, "b", &b);
  cache.Use("a");
  EXPECT_EQ(KeepNew(cache, "c"), 1u);
  EXPECT_FALSE(a.expired());
  EXPECT_TRUE(b.expired());
  EXPECT_FALSE(cache.Use("b").has_graph);
  EXPECT_EQ(cache.graphs(), 2u);
}

TEST(GraphCacheTest, RemembersRefusalsAndBoundsWhatItKnows) {
  GraphCache<Graph> cache(1);
  cache.Use("refused").is_refused = true;
  EXPECT_TRUE(cache.Use("refused").is_refused);
  KeepNew(cache, "graph");
  for (int i = 0; i < 1000; ++i) cache.Use(std::to_string(i));
  EXPECT_FALSE(cache.Use("refused").is_refused);
  EXPECT_EQ(cache.graphs(), 0u);
}

TEST(GraphCacheTest, ClearsEverything) {
  GraphCache<Graph> cache(4);
  std::weak_ptr<int> graph;
  KeepNew(cache, "a", &graph);
  cache.Clear();
  EXPECT_TRUE(graph.expired());
  EXPECT_FALSE(cache.Use("a").has_graph);
  EXPECT_EQ(cache.graphs(), 0u);
}

TEST(GraphFailureListTest, TellsEachReasonOnceAndIsBounded) {
  GraphFailureList failures;
  failures.Add("x:1", "reason");
  failures.Add("x:1", "reason");
  failures.Add("x:1", "another");
  ASSERT_EQ(failures.List().size(), 2u);
  EXPECT_EQ(failures.List()[0].shapes, "x:1");
  EXPECT_EQ(failures.List()[1].reason, "another");
  for (int i = 0; i < 1000; ++i) failures.Add("x:" + std::to_string(i), "reason");
  EXPECT_LE(failures.List().size(), 64u);
}

}  // namespace
}  // namespace trtn::gpu
