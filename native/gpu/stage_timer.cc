// SPDX-License-Identifier: Apache-2.0
#include "gpu/stage_timer.h"

#include <limits>
#include <utility>

namespace trtn::gpu {

namespace {

constexpr int kMarks = static_cast<int>(StageMark::kD2hEnd) + 1;
/// Times between events are floats in milliseconds: over a second they are exact to 0.1 µs, over an hour to
/// 0.25 ms. And the two clocks drift apart by some µs in a second.
constexpr double kAlignedForMs = 1000;
constexpr int kAttempts = 3;

}  // namespace

StageTimer::StageTimer(std::shared_ptr<StageLog> log, std::shared_ptr<cuda::Device> device,
                       cuda::Stream& stream)
    : log_(std::move(log)),
      stream_(stream),
      base_(device, cuda::Event::Kind::kTiming),
      candidate_(device, cuda::Event::Kind::kTiming),
      context_(log_->NextContext()) {
  for (int i = 0; i < kMarks; ++i) marks_.emplace_back(device, cuda::Event::Kind::kTiming);
}

void StageTimer::Begin() {
  is_active_ = false;
  if (!is_aligned_ || SteadyMilliseconds() - base_ms_ > kAlignedForMs) Align();
  times_ = StageTimes();
  times_.context = context_;
  is_active_ = true;
}

/// An event on an idle stream is reached between its record and the return of the wait for it: the middle of
/// the shortest such time is wrong by half of it at most.
void StageTimer::Align() {
  is_aligned_ = false;
  double shortest = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kAttempts; ++i) {
    const double before = SteadyMilliseconds();
    candidate_.Record(stream_.get());
    candidate_.Synchronize();
    const double after = SteadyMilliseconds();
    if (after - before >= shortest) continue;
    shortest = after - before;
    base_ms_ = (before + after) / 2;
    std::swap(base_, candidate_);
  }
  is_aligned_ = true;
}

void StageTimer::Mark(StageMark mark, bool is_capturing) {
  if (!is_active_) return;
  cuda::Event& event = marks_[static_cast<size_t>(mark)];
  if (is_capturing) {
    event.RecordInGraph(stream_.get());
  } else {
    event.Record(stream_.get());
  }
}

double StageTimer::TimeOf(StageMark mark) const {
  return base_ms_ + cuda::Event::Milliseconds(base_, marks_[static_cast<size_t>(mark)]);
}

void StageTimer::End(bool has_copies_in, bool has_copies_out) {
  if (!is_active_) return;
  is_active_ = false;
  if (has_copies_in) {
    times_.h2d_start = TimeOf(StageMark::kH2dStart);
    times_.h2d_end = TimeOf(StageMark::kH2dEnd);
  }
  times_.compute_start = TimeOf(StageMark::kComputeStart);
  times_.compute_end = TimeOf(StageMark::kComputeEnd);
  if (has_copies_out) {
    times_.d2h_start = TimeOf(StageMark::kD2hStart);
    times_.d2h_end = TimeOf(StageMark::kD2hEnd);
  }
  log_->Add(times_);
}

}  // namespace trtn::gpu
