// SPDX-License-Identifier: Apache-2.0
#include "core/stage_log.h"

#include <utility>

namespace trtn {

void StageLog::Add(const StageTimes& row) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_.rows.size() < most_rows_) {
    waiting_.rows.push_back(row);
  } else {
    ++waiting_.dropped;
  }
}

StageLog::Taken StageLog::Take() {
  Taken taken;
  std::lock_guard<std::mutex> lock(mutex_);
  // Who takes them now and then gets about as many each time: runs shall not wait for memory.
  taken.rows.reserve(waiting_.rows.size());
  std::swap(taken, waiting_);
  return taken;
}

}  // namespace trtn
