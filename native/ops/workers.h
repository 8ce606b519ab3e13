// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

namespace trtn::ops {

/// Threads that share the work of one operator. Kept for the next one: starting a thread costs more than many
/// an operator.
class Workers {
 public:
  virtual ~Workers() = default;
  /// Threads that ParallelFor() uses at most, the caller's included; at least 1.
  virtual int threads() const = 0;
  /// Calls `body(begin, end)` for ranges that cover [0, count) once, of at least `grain` elements except the
  /// last, on the caller's thread and the others. Blocks until all are done; rethrows the first exception.
  /// `body` may not call ParallelFor().
  virtual void ParallelFor(int64_t count, int64_t grain,
                           const std::function<void(int64_t begin, int64_t end)>& body) = 0;
};

/// The caller's thread alone.
class InlineWorkers final : public Workers {
 public:
  int threads() const override { return 1; }
  void ParallelFor(int64_t count, int64_t grain,
                   const std::function<void(int64_t begin, int64_t end)>& body) override {
    if (count > 0) body(0, count);
  }
};

}  // namespace trtn::ops
