// SPDX-License-Identifier: Apache-2.0
//
// The CPU twin: kLanes frames at once, one a lane, so that every step of the transform is a vector's. The
// sums of a frame are those of the kernels, in their order.
#include <algorithm>
#include <memory>

// Vectors are arguments of functions that are always inlined: none is called, with whatever convention.
#pragma GCC diagnostic ignored "-Wpsabi"

#include "ops/signals/spectrum_plan.h"
#include "ops/simd.h"

namespace trtn::ops::signals {

namespace {

constexpr int kLanes = 8;
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));

/// Vectors in memory that is aligned for them: a container's template argument would lose their alignment.
template <class Value>
class LaneArray {
 public:
  explicit LaneArray(int32_t count) : bytes_(new uint8_t[count * sizeof(Value) + sizeof(Lanes)]) {
    const uintptr_t at = reinterpret_cast<uintptr_t>(bytes_.get());
    values_ = reinterpret_cast<Value*>((at + sizeof(Lanes) - 1) / sizeof(Lanes) * sizeof(Lanes));
  }
  Value* data() const { return values_; }

 private:
  std::unique_ptr<uint8_t[]> bytes_;
  Value* values_;
};

/// Memory of one thread.
struct TwinRoom {
  explicit TwinRoom(const SpectrumArguments& a)
      : samples(a.frame_length), numbers(a.transform_length), others(a.transform_length), mels(a.mels) {}
  LaneArray<Lanes> samples;
  LaneArray<Complex<Lanes>> numbers, others;
  LaneArray<Lanes> mels;
};

/// Frames `first` to `first + count`, counted over all signals.
struct Group {
  int64_t first;
  int count;
};

template <class Sample>
void LoadInterior(const Sample* from, const SpectrumArguments& a, int lane, Lanes* to) {
  for (int32_t i = 0; i < a.frame_length; ++i) to[i][lane] = static_cast<float>(from[i]) * a.scale;
}

void LoadSamples(const SpectrumArguments& a, const Group& group, Lanes* to) {
  for (int lane = 0; lane < kLanes; ++lane) {
    // Lanes without a frame compute the group's first.
    const int64_t index = group.first + (lane < group.count ? lane : 0);
    const int64_t signal = index / a.frames, first = index % a.frames * a.hop - a.pad;
    if (first < 0 || first + a.frame_length > std::min(a.length, a.samples)) {
      for (int32_t i = 0; i < a.frame_length; ++i) to[i][lane] = SampleAt(a, signal, first + i);
    } else if (a.is_int16 != 0) {
      LoadInterior(static_cast<const int16_t*>(a.signal) + signal * a.samples + first, a, lane, to);
    } else {
      LoadInterior(static_cast<const float*>(a.signal) + signal * a.samples + first, a, lane, to);
    }
  }
}

TRTN_LANES void MeanOf(const SpectrumArguments& a, const Lanes* samples, Lanes* mean) {
  Lanes partial[kMeanLanes] = {};
  for (int32_t i = 0; i < a.frame_length; ++i) partial[i % kMeanLanes] += samples[i];
  for (int apart = kMeanLanes / 2; apart > 0; apart /= 2)
    for (int i = 0; i < apart; ++i) partial[i] += partial[i + apart];
  *mean = partial[0] / static_cast<float>(a.frame_length);
}

/// Samples to the frame's elements, in place: from the last to the first, as each needs the sample before it.
TRTN_SIMD_CLONES void FinishFrame(const SpectrumArguments& a, Lanes* samples) {
  Lanes mean = {};
  if (a.remove_dc != 0) MeanOf(a, samples, &mean);
  for (int32_t i = a.frame_length - 1; i >= 0; --i)
    FinishElement(a, samples[i], samples[i > 0 ? i - 1 : 0], mean, a.window[i]);
}

void PackFrame(const SpectrumArguments& a, const Lanes* samples, Complex<Lanes>* z) {
  const bool even = a.fft_length % 2 == 0;
  const Lanes zero = {};
  for (int32_t i = 0; i < a.transform_length; ++i) z[i] = {zero, zero};
  for (int32_t i = 0; i < a.frame_length; ++i) {
    if (even) {
      (i % 2 == 0 ? z[i / 2].re : z[i / 2].im) = samples[i];
    } else {
      z[i].re = samples[i];
    }
  }
}

template <int kFactor>
TRTN_LANES void RunFastStage(const Stage& stage, const Complex<Lanes>* from, Complex<Lanes>* to) {
  const int32_t count = stage.Butterflies();
  for (int32_t j = 0; j < count; ++j) {
    Complex<Lanes> x[kFactor];
    Butterfly<kFactor>(stage, from, j, x);
    const int32_t target = stage.Target(j);
    for (int q = 0; q < kFactor; ++q) to[target + q * stage.span] = x[q];
  }
}

TRTN_SIMD_CLONES void RunStage(const Stage& stage, const Complex<Lanes>* from, Complex<Lanes>* to) {
  if (stage.factor == 2) return RunFastStage<2>(stage, from, to);
  if (stage.factor == 3) return RunFastStage<3>(stage, from, to);
  if (stage.factor == 4) return RunFastStage<4>(stage, from, to);
  if (stage.factor == 5) return RunFastStage<5>(stage, from, to);
  const int32_t count = stage.Butterflies();
  for (int32_t j = 0; j < count; ++j)
    for (int32_t q = 0; q < stage.factor; ++q)
      to[stage.Target(j) + q * stage.span] = SlowResult(stage, from, j, q);
}

/// Leaves the powers in room.numbers.
void PowersOfGroup(const SpectrumArguments& a, const Group& group, TwinRoom& room) {
  LoadSamples(a, group, room.samples.data());
  FinishFrame(a, room.samples.data());
  PackFrame(a, room.samples.data(), room.numbers.data());
  int32_t span = 1;
  for (int index = 0; index < a.stages; ++index) {
    const Stage stage = StageOf(a, index, span);
    RunStage(stage, room.numbers.data(), room.others.data());
    std::swap(room.numbers, room.others);
    span *= stage.factor;
  }
  for (int32_t k = 0; k < PowerPairs(a); ++k) PowerPair(a, room.numbers.data(), k);
}

void FramesOfGroup(const SpectrumArguments& a, const Group& group, TwinRoom& room) {
  LoadSamples(a, group, room.samples.data());
  FinishFrame(a, room.samples.data());
  for (int lane = 0; lane < group.count; ++lane) {
    float* to = a.output + (group.first + lane) * a.frame_length;
    for (int32_t i = 0; i < a.frame_length; ++i) to[i] = Canonical(room.samples.data()[i][lane]);
  }
}

void SpectraOfGroup(const SpectrumArguments& a, const Group& group, TwinRoom& room) {
  PowersOfGroup(a, group, room);
  for (int lane = 0; lane < group.count; ++lane) {
    float* to = a.output + (group.first + lane) * a.bins;
    for (int32_t k = 0; k < a.bins; ++k) to[k] = SpectrumValue(a, PowerAt(a, room.numbers.data(), k)[lane]);
  }
}

TRTN_LANES void Magnitudes(const SpectrumArguments& a, Complex<Lanes>* z) {
  for (int32_t k = 0; k < a.bins; ++k) {
    Lanes& power = k < a.transform_length ? z[k].re : z[0].im;
    for (int lane = 0; lane < kLanes; ++lane) power[lane] = Sqrt(power[lane]);
  }
}

/// Filters and logarithms, into room.mels.
TRTN_SIMD_CLONES void FilterGroup(const SpectrumArguments& a, TwinRoom& room) {
  if (a.magnitude != 0) Magnitudes(a, room.numbers.data());
  for (int32_t m = 0; m < a.mels; ++m) {
    const int32_t first = a.mel_ranges[3 * m], count = a.mel_ranges[3 * m + 1];
    const float* weights = a.mel_weights + a.mel_ranges[3 * m + 2];
    Lanes sum = {};
    for (int32_t i = 0; i < count; ++i) sum += weights[i] * PowerAt(a, room.numbers.data(), first + i);
    float values[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) values[lane] = sum[lane];
    for (int lane = 0; lane < kLanes; ++lane) values[lane] = LogMel(a, values[lane]);
    for (int lane = 0; lane < kLanes; ++lane) room.mels.data()[m][lane] = values[lane];
  }
}

void MelsOfGroup(const SpectrumArguments& a, const Group& group, TwinRoom& room) {
  PowersOfGroup(a, group, room);
  FilterGroup(a, room);
  for (int lane = 0; lane < group.count; ++lane) {
    const int64_t index = group.first + lane, signal = index / a.frames, frame = index % a.frames;
    float greatest = FromBits(kInfinity | 0x80000000u);
    for (int32_t m = 0; m < a.mels; ++m) {
      const float value = room.mels.data()[m][lane];
      greatest = Max(greatest, value);
      a.output[MelIndex(a, signal, frame, m)] = a.range > 0.0f ? value : Finished(a, value, 0.0f);
    }
    if (a.range > 0.0f) a.frame_max[index] = greatest;
  }
}

void FinishRange(const SpectrumArguments& a, Workers& workers) {
  const int64_t count = a.frames * a.mels;
  for (int64_t signal = 0; signal < a.signals; ++signal) {
    float greatest = FromBits(kInfinity | 0x80000000u);
    for (int64_t i = 0; i < a.frames; ++i) greatest = Max(greatest, a.frame_max[signal * a.frames + i]);
    float* const values = a.output + signal * count;
    workers.ParallelFor(count, 1 << 14, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) values[i] = Finished(a, values[i], greatest);
    });
  }
}

}  // namespace

void RunTwin(SpectrumKind kind, const SpectrumArguments& a, Workers& workers) {
  const int64_t frames = a.signals * a.frames;
  const int64_t groups = (frames + kLanes - 1) / kLanes;
  workers.ParallelFor(groups, 2, [&](int64_t begin, int64_t end) {
    TwinRoom room(a);
    for (int64_t index = begin; index < end; ++index) {
      const Group group{index * kLanes, static_cast<int>(std::min<int64_t>(kLanes, frames - index * kLanes))};
      if (kind == SpectrumKind::kFrames) FramesOfGroup(a, group, room);
      if (kind == SpectrumKind::kPowers) SpectraOfGroup(a, group, room);
      if (kind == SpectrumKind::kMels) MelsOfGroup(a, group, room);
    }
  });
  if (kind == SpectrumKind::kMels && a.range > 0.0f) FinishRange(a, workers);
}

}  // namespace trtn::ops::signals
