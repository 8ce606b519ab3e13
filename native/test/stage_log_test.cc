// SPDX-License-Identifier: Apache-2.0
#include "core/stage_log.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>
#include <vector>

namespace trtn {
namespace {

StageTimes Row(double context) {
  StageTimes row;
  row.context = context;
  return row;
}

TEST(StageLogTest, GivesRowsInTheirOrderAndForgetsThem) {
  StageLog log;
  for (int i = 0; i < 3; ++i) log.Add(Row(i));
  const StageLog::Taken taken = log.Take();
  ASSERT_EQ(taken.rows.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(taken.rows[i].context, static_cast<double>(i));
  EXPECT_EQ(taken.dropped, 0u);
  EXPECT_TRUE(log.Take().rows.empty());
}

TEST(StageLogTest, WhatIsNotThereIsNoNumber) {
  const StageTimes row;
  for (const double time : {row.enqueue_start, row.enqueue_end, row.h2d_start, row.h2d_end, row.compute_start,
                            row.compute_end, row.d2h_start, row.d2h_end}) {
    EXPECT_TRUE(std::isnan(time));
  }
}

TEST(StageLogTest, KeepsTheOldestAndCountsWhatItDrops) {
  StageLog log(2);
  for (int i = 0; i < 5; ++i) log.Add(Row(i));
  const StageLog::Taken full = log.Take();
  ASSERT_EQ(full.rows.size(), 2u);
  EXPECT_EQ(full.rows[1].context, 1);
  EXPECT_EQ(full.dropped, 3u);
  log.Add(Row(7));
  const StageLog::Taken next = log.Take();
  ASSERT_EQ(next.rows.size(), 1u);
  EXPECT_EQ(next.rows[0].context, 7);
  EXPECT_EQ(next.dropped, 0u);
}

TEST(StageLogTest, CountsContexts) {
  StageLog log;
  EXPECT_EQ(log.NextContext(), 0);
  EXPECT_EQ(log.NextContext(), 1);
}

TEST(StageLogTest, LosesNothingBetweenThreads) {
  constexpr size_t kThreads = 4, kRows = 20000;
  StageLog log(100);
  size_t seen = 0;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&log] {
      for (size_t row = 0; row < kRows; ++row) log.Add(Row(0));
    });
  }
  const auto count = [&] {
    const StageLog::Taken taken = log.Take();
    EXPECT_LE(taken.rows.size(), 100u);
    seen += taken.rows.size() + taken.dropped;
  };
  for (int i = 0; i < 100; ++i) count();
  for (std::thread& thread : threads) thread.join();
  count();
  EXPECT_EQ(seen, kThreads * kRows);
}

}  // namespace
}  // namespace trtn
