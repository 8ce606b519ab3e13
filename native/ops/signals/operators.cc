// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "core/error.h"
#include "ops/operator.h"
#include "ops/signals/spectrum_plan.h"

namespace trtn::ops {

namespace signals {

/// Frames, power spectra or (logarithmic) mel spectra of signals.
class SpectrumOperator final : public Operator {
 public:
  SpectrumOperator(SpectrumKind kind, const Attributes& attributes) : plan_(kind, attributes) {}

  size_t ScratchBytes(const OperatorMemory& memory) const override {
    if (!plan_.has_range()) return 0;
    const SpectrumArguments a = plan_.Arguments(memory, nullptr);
    return static_cast<size_t>(a.signals * a.frames) * sizeof(float);
  }

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    RunTwin(plan_.kind(), plan_.Arguments(memory, plan_.table().data()), workers);
  }

  std::vector<uint8_t> DeviceTable(const OperatorMemory& memory) const override { return plan_.table(); }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const SpectrumArguments a = plan_.Arguments(memory, memory.table);
    const int64_t frames = a.signals * a.frames;
    if (frames == 0) return {};
    if (frames > std::numeric_limits<int32_t>::max())
      throw Error("ERR_TRT_RUN_FAILED",
                  "A signal operator takes at most 2147483647 frames at once on a GPU.");
    const Extent grid{static_cast<uint32_t>(frames)};
    if (plan_.kind() == SpectrumKind::kFrames) return {MakeLaunch("signal_frames", grid, {kFrameBlock}, a)};
    const bool small = a.transform_length <= kSmallTransform;
    const std::string name = plan_.kind() == SpectrumKind::kPowers ? "signal_spectrum_" : "signal_mels_";
    std::vector<KernelLaunch> launches;
    launches.push_back(small ? MakeLaunch(name + "small", grid, {kSmallBlock}, a)
                             : MakeLaunch(name + "large", grid, {kLargeBlock}, a));
    if (plan_.has_range()) launches.push_back(RangeLaunch(a));
    return launches;
  }

 private:
  /// Each block looks for the greatest value itself, among those of all frames: few blocks, so that this
  /// costs less than the values that they write.
  static KernelLaunch RangeLaunch(const SpectrumArguments& a) {
    const uint32_t chunks = std::min<uint32_t>(BlocksFor(a.frames * a.mels, kRangeBlock * 16), 64);
    const uint32_t signals = static_cast<uint32_t>(std::min<int64_t>(a.signals, 65535));
    return MakeLaunch("signal_range", {chunks, signals}, {kRangeBlock}, a);
  }

  SpectrumPlan plan_;
};

template <SpectrumKind kKind>
std::unique_ptr<Operator> MakeSpectrum(const Attributes& attributes) {
  return std::make_unique<SpectrumOperator>(kKind, attributes);
}

}  // namespace signals

std::vector<OperatorEntry> SignalOperators() {
  using signals::SpectrumKind;
  return {{"frameSignal", signals::MakeSpectrum<SpectrumKind::kFrames>},
          {"powerSpectrum", signals::MakeSpectrum<SpectrumKind::kPowers>},
          {"melSpectrogram", signals::MakeSpectrum<SpectrumKind::kMels>}};
}

}  // namespace trtn::ops
