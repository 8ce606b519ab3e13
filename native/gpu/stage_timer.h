// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/stage_log.h"
#include "core/steady_clock.h"
#include "cuda/event.h"
#include "cuda/stream.h"

namespace trtn::gpu {

/// A point of a run on its stream.
enum class StageMark { kH2dStart, kH2dEnd, kComputeStart, kComputeEnd, kD2hStart, kD2hEnd };

/// Measures the stages of one lane's runs with events on its stream: Begin(), marks with EnterQueue() and
/// LeaveQueue() among them, and End() when the stream is done. A run that fails has no End(). The device must
/// be current.
class StageTimer {
 public:
  /// `stream` must outlive it.
  StageTimer(std::shared_ptr<StageLog> log, std::shared_ptr<cuda::Device> device, cuda::Stream& stream);

  /// The stream must be idle. Brings the device's clock to the host's where that was done a second ago, which
  /// blocks some microseconds.
  void Begin();
  /// A run begins that is not measured: its marks do nothing.
  void Skip() noexcept { is_active_ = false; }
  /// Enqueues an event. `is_capturing`: the stream captures, and the graph's launches record the event.
  void Mark(StageMark mark, bool is_capturing);
  /// Around the submission of the network.
  void EnterQueue() { times_.enqueue_start = SteadyMilliseconds(); }
  void LeaveQueue() { times_.enqueue_end = SteadyMilliseconds(); }
  /// Reads the events and logs the run. Without copies their events are not read: what they tell is of an
  /// earlier run.
  void End(bool has_copies_in, bool has_copies_out);

 private:
  void Align();
  double TimeOf(StageMark mark) const;

  const std::shared_ptr<StageLog> log_;
  cuda::Stream& stream_;
  std::vector<cuda::Event> marks_;
  /// The event at `base_ms_` on the host's clock, and one to try the next with.
  cuda::Event base_, candidate_;
  double base_ms_ = 0;
  bool is_aligned_ = false;
  bool is_active_ = false;
  const double context_;
  StageTimes times_;
};

}  // namespace trtn::gpu
