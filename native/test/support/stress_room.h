// SPDX-License-Identifier: Apache-2.0
// What the stress tests of sessions keep: calls that know what became of them, bindings, sessions in use.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include "core/executable.h"
#include "core/session.h"

namespace trtn::gpu {

/// A call that remembers what became of it.
class Job final : public Call {
 public:
  using Work = std::function<void(ExecutionContext&)>;
  Job(uint64_t id, Work work, bool is_exclusive = false)
      : Call(id), work_(std::move(work)), is_exclusive_(is_exclusive) {}
  void Execute(ExecutionContext& context) override {
    ++executed;
    work_(context);
  }
  void Finish(std::exception_ptr error) noexcept override {
    ++finished;
    this->error = std::move(error);
  }
  bool IsExclusive() const override { return is_exclusive_; }

  std::atomic<int> executed{0}, finished{0};
  std::exception_ptr error;
  bool is_withdrawn = false;

 private:
  const Work work_;
  const bool is_exclusive_;
};

/// What the addon keeps for a binding.
struct Binding {
  std::shared_ptr<void> x, y;
  std::unique_ptr<BoundExecution> execution;
  std::mutex busy;
};

/// A session and those who use it.
struct Room {
  std::shared_ptr<Executable> executable;
  std::unique_ptr<Session> session;
  /// -1: nobody will close it.
  std::atomic<int> closed{0};
  std::promise<void> has_closed;
  std::mutex mutex;
  std::vector<std::shared_ptr<Binding>> bindings;
  std::vector<std::shared_ptr<Job>> jobs;
};

}  // namespace trtn::gpu
