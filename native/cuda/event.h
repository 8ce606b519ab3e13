// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cuda/device.h"

namespace trtn::cuda {

/// A point in a stream's work. Move-only owner.
class Event {
 public:
  enum class Kind {
    /// The waiting thread sleeps (CU_EVENT_BLOCKING_SYNC); no timing.
    kBlocking,
    /// The waiting thread spins: some µs faster, one core busy; no timing.
    kSpinning,
    /// For Milliseconds(); a thread that waits for it spins.
    kTiming
  };

  Event(std::shared_ptr<Device> device, Kind kind);
  ~Event();
  Event(Event&& other) noexcept;
  Event& operator=(Event&& other) noexcept;

  EventHandle get() const { return handle_; }
  /// Enqueues; does not block.
  void Record(StreamHandle stream);
  /// In a stream that captures: each launch of the graph records the event when it gets there (an external
  /// event node; Record() there would order the capture and be forgotten).
  void RecordInGraph(StreamHandle stream);
  /// Blocks until the last Record() is reached. Throws the error of the work before it.
  void Synchronize();
  /// Time between two timing events that have both been reached.
  static double Milliseconds(const Event& start, const Event& end);

 private:
  void Destroy() noexcept;
  std::shared_ptr<Device> device_;
  EventHandle handle_ = nullptr;
};

}  // namespace trtn::cuda
