// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <vector>

namespace trtn {

/// When the stages of one run began and ended, in milliseconds as SteadyMilliseconds() gives them; NaN where
/// there is no such stage. The order is that of STAGE_COLUMNS in lib/runtime/stage-times.ts.
struct StageTimes {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  /// StageLog::NextContext() of what ran.
  double context = 0;
  /// Host clock around the submission of the network.
  double enqueue_start = kNone, enqueue_end = kNone;
  double h2d_start = kNone, h2d_end = kNone;
  double compute_start = kNone, compute_end = kNone;
  double d2h_start = kNone, d2h_end = kNone;
};

/// The stage times of a session's runs until somebody takes them: bounded, what comes when it is full is
/// dropped and counted. Thread-safe.
class StageLog {
 public:
  static constexpr size_t kMostRows = 65536;

  explicit StageLog(size_t most_rows = kMostRows) : most_rows_(most_rows) {}
  StageLog(const StageLog&) = delete;
  StageLog& operator=(const StageLog&) = delete;

  /// A number for each execution context and binding, from 0.
  int NextContext() { return next_context_++; }
  void Add(const StageTimes& row);

  struct Taken {
    /// In the order in which they were added.
    std::vector<StageTimes> rows;
    uint64_t dropped = 0;
  };
  /// What there is since the last Take(); it is forgotten.
  Taken Take();

 private:
  const size_t most_rows_;
  std::atomic<int> next_context_{0};
  std::mutex mutex_;
  Taken waiting_;
};

}  // namespace trtn
