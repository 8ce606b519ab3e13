// SPDX-License-Identifier: Apache-2.0
#include "ops/signals/spectrum_plan.h"

#include <cmath>
#include <cstring>

#include "core/error.h"
#include "ops/signals/mel_filters.h"
#include "ops/signals/window.h"

namespace trtn::ops::signals {

namespace {

[[noreturn]] void Refuse(const std::string& message) { throw Error("ERR_TRT_RUN_FAILED", message); }

std::vector<Root> MakeRoots(int32_t count) {
  constexpr double kTwoPi = 6.283185307179586476925;
  // What only the rounding of pi keeps from being zero.
  const auto rounded = [](double x) { return std::fabs(x) < 1e-15 ? 0.0f : static_cast<float>(x); };
  std::vector<Root> roots(count);
  for (int32_t t = 0; t < count; ++t) {
    const double angle = kTwoPi * t / count;
    roots[t] = {rounded(std::cos(angle)), rounded(-std::sin(angle))};
  }
  return roots;
}

/// Fours first: they cost least.
std::vector<int32_t> FactorsOf(int32_t length) {
  std::vector<int32_t> factors;
  for (int32_t factor = 4; length > 1; factor = factor == 4 ? 2 : factor == 2 ? 3 : factor + 2) {
    for (; length % factor == 0; length /= factor) factors.push_back(factor);
  }
  return factors;
}

LogKind LogKindOf(const std::string& name) {
  if (name == "natural") return LogKind::kNatural;
  if (name == "log10") return LogKind::kLog10;
  if (name == "decibel") return LogKind::kDecibel;
  return LogKind::kNone;
}

}  // namespace

SpectrumPlan::SpectrumPlan(SpectrumKind kind, const Attributes& attributes) : kind_(kind) {
  SpectrumArguments& a = settings_;
  const int64_t frame_length = attributes.Integer("frameLength");
  a.hop = attributes.Integer("hopLength");
  if (frame_length < 1 || frame_length > 2 * kMaxTransform || a.hop < 1)
    Refuse("A frame has no such length.");
  a.frame_length = static_cast<int32_t>(frame_length);
  a.pad = attributes.Flag("center") ? a.frame_length / 2 : 0;
  a.reflect = attributes.Text("padMode") == "reflect";
  a.remove_dc = attributes.Flag("removeDc");
  a.pre_emphasis = static_cast<float>(attributes.Number("preEmphasis"));
  a.scale = static_cast<float>(attributes.Number("scale"));
  a.multiplier = 1.0f;
  signal_length_ = attributes.Integer("signalLength");
  drop_last_ = attributes.Flag("dropLastFrame");

  const std::string& window = attributes.Text("window");
  if (window == "given") {
    const std::vector<double>& values = attributes.Numbers("windowValues");
    if (values.size() != static_cast<size_t>(frame_length)) Refuse("The window is not as long as a frame.");
    window_at_ = Append(std::vector<float>(values.begin(), values.end()));
  } else {
    window_at_ = Append(MakeWindow(window, a.frame_length, attributes.Flag("periodic")));
  }
  if (kind != SpectrumKind::kFrames) SetTransform(attributes);
  if (kind == SpectrumKind::kMels) SetMels(attributes);
}

void SpectrumPlan::SetTransform(const Attributes& attributes) {
  SpectrumArguments& a = settings_;
  const int64_t length = attributes.Integer("fftLength");
  const bool even = length % 2 == 0;
  if (length < a.frame_length || length > 2 * kMaxTransform || (!even && length >= kMaxTransform))
    Refuse("A transform has no such length.");
  a.fft_length = static_cast<int32_t>(length);
  a.transform_length = even ? a.fft_length / 2 : a.fft_length;
  a.root_step = even ? 2 : 1;
  a.bins = a.fft_length / 2 + 1;
  a.magnitude = attributes.Integer("power") == 1;
  const std::vector<int32_t> factors = FactorsOf(a.transform_length);
  if (factors.size() > kMaxStages) Refuse("A transform has too many factors.");
  a.stages = static_cast<int32_t>(factors.size());
  std::copy(factors.begin(), factors.end(), a.factors);
  roots_at_ = Append(MakeRoots(a.fft_length));
}

void SpectrumPlan::SetMels(const Attributes& attributes) {
  SpectrumArguments& a = settings_;
  MelSettings mel{attributes.Number("sampleRate"),
                  attributes.Number("fMin"),
                  attributes.Number("fMax"),
                  static_cast<int32_t>(attributes.Integer("mels")),
                  a.fft_length,
                  attributes.Text("melScale"),
                  attributes.Text("melNorm") == "slaney"};
  if (mel.mels < 1 || mel.mels > a.bins) Refuse("There is no such number of mels.");
  const MelFilters filters = MakeMelFilters(mel);
  ranges_at_ = Append(filters.ranges);
  weights_at_ = Append(filters.weights);
  a.mels = mel.mels;
  a.mels_first = attributes.Flag("melsFirst");
  a.log = LogKindOf(attributes.Text("log"));
  a.floor = static_cast<float>(attributes.Number("floor"));
  a.range = static_cast<float>(attributes.Number("range"));
  a.offset = static_cast<float>(attributes.Number("offset"));
  a.multiplier = static_cast<float>(attributes.Number("multiplier"));
}

template <class Value>
size_t SpectrumPlan::Append(const std::vector<Value>& values) {
  const size_t at = (table_.size() + 15) / 16 * 16;
  table_.resize(at + values.size() * sizeof(Value));
  if (!values.empty()) std::memcpy(table_.data() + at, values.data(), values.size() * sizeof(Value));
  return at;
}

SpectrumArguments SpectrumPlan::Arguments(const OperatorMemory& memory, const void* table) const {
  const TensorView& signal = memory.inputs.at(0);
  const TensorView& output = memory.outputs.at(0);
  SpectrumArguments a = settings_;
  a.signal = signal.data;
  a.output = static_cast<float*>(output.data);
  a.frame_max = static_cast<float*>(memory.scratch);
  const uint8_t* bytes = static_cast<const uint8_t*>(table);
  a.window = reinterpret_cast<const float*>(bytes + window_at_);
  a.roots = reinterpret_cast<const Root*>(bytes + roots_at_);
  a.mel_ranges = reinterpret_cast<const int32_t*>(bytes + ranges_at_);
  a.mel_weights = reinterpret_cast<const float*>(bytes + weights_at_);

  a.is_int16 = signal.type == ElementType::kInt16;
  a.samples = signal.dims.empty() ? 0 : signal.dims.back();
  a.signals = a.samples == 0 ? 0 : static_cast<int64_t>(ElementCount(signal.dims)) / a.samples;
  a.length = signal_length_ > 0 ? signal_length_ : a.samples;
  const int64_t room = a.length + 2 * int64_t{a.pad} - a.frame_length;
  a.frames = room < 0 ? 0 : room / a.hop + 1;
  if (drop_last_ && a.frames > 0) --a.frames;
  const int64_t width = kind_ == SpectrumKind::kFrames   ? a.frame_length
                        : kind_ == SpectrumKind::kPowers ? a.bins
                                                         : a.mels;
  const size_t wanted = ElementCount({a.signals, a.frames, width}) * sizeof(float);
  if ((signal.type != ElementType::kFloat32 && a.is_int16 == 0) || output.bytes < wanted ||
      signal.bytes < TensorBytes(signal.type, signal.dims))
    Refuse("The tensors of a signal operator do not fit it.");
  return a;
}

}  // namespace trtn::ops::signals
