// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ops/operator.h"
#include "ops/signals/spectrum.h"

namespace trtn::ops::signals {

enum class SpectrumKind { kFrames, kPowers, kMels };

/// What does not depend on a call: settings, and a table of window, roots of unity and mel filters that host
/// and device share.
class SpectrumPlan {
 public:
  /// Throws ERR_TRT_RUN_FAILED for lengths that no transform has.
  SpectrumPlan(SpectrumKind kind, const Attributes& attributes);

  SpectrumKind kind() const { return kind_; }
  const std::vector<uint8_t>& table() const { return table_; }
  /// Whether values depend on the greatest of their signal, so that frame_max is needed.
  bool has_range() const { return kind_ == SpectrumKind::kMels && settings_.range > 0.0f; }
  /// The arguments of a call that reads its table at `table`; `memory.scratch` is frame_max. Throws
  /// ERR_TRT_RUN_FAILED where the output is too small.
  SpectrumArguments Arguments(const OperatorMemory& memory, const void* table) const;

 private:
  void SetTransform(const Attributes& attributes);
  void SetMels(const Attributes& attributes);
  template <class Value>
  size_t Append(const std::vector<Value>& values);

  SpectrumKind kind_;
  SpectrumArguments settings_{};
  int64_t signal_length_ = 0;
  bool drop_last_ = false;
  std::vector<uint8_t> table_;
  size_t window_at_ = 0, roots_at_ = 0, ranges_at_ = 0, weights_at_ = 0;
};

/// Computes what the kernels do, on the CPU. spectrum_twin.cc.
void RunTwin(SpectrumKind kind, const SpectrumArguments& arguments, Workers& workers);

}  // namespace trtn::ops::signals
