// SPDX-License-Identifier: Apache-2.0
//
// A block computes one frame. The transform is done in place: each thread reads the inputs of its butterflies
// into registers, and writes their results when all threads have read theirs. With two buffers instead, the
// longest transform would not fit into the shared memory that every device has.
#include "ops/signals/spectrum.h"

namespace trtn::ops::signals {

using Number = Complex<float>;

/// The block's frame.
struct Place {
  int64_t signal, frame, first;
};

TRTN_DEVICE Place PlaceOf(const SpectrumArguments& a, int64_t index) {
  const int64_t signal = index / a.frames, frame = index % a.frames;
  return {signal, frame, frame * a.hop - a.pad};
}

TRTN_DEVICE float FrameMean(const SpectrumArguments& a, const Place& place, float* partial) {
  const int thread = static_cast<int>(gpu::ThreadX());
  if (thread < kMeanLanes) {
    float sum = 0.0f;
    for (int32_t i = thread; i < a.frame_length; i += kMeanLanes)
      sum += SampleAt(a, place.signal, place.first + i);
    partial[thread] = sum;
  }
  gpu::Barrier();
  for (int apart = kMeanLanes / 2; apart > 0; apart /= 2) {
    if (thread < apart) partial[thread] += partial[thread + apart];
    gpu::Barrier();
  }
  const float mean = partial[0] / static_cast<float>(a.frame_length);
  // The next frame's sums go to the same place.
  gpu::Barrier();
  return mean;
}

TRTN_DEVICE float ElementAt(const SpectrumArguments& a, const Place& place, float mean, int32_t i) {
  if (i >= a.frame_length) return 0.0f;
  float element = SampleAt(a, place.signal, place.first + i);
  const float before =
      i > 0 && a.pre_emphasis != 0.0f ? SampleAt(a, place.signal, place.first + i - 1) : element;
  FinishElement(a, element, before, mean, a.window[i]);
  return element;
}

template <int kBlock>
TRTN_DEVICE void LoadFrame(const SpectrumArguments& a, const Place& place, float mean, Number* z) {
  const bool even = a.fft_length % 2 == 0;
  for (int32_t i = static_cast<int32_t>(gpu::ThreadX()); i < a.transform_length; i += kBlock) {
    z[i].re = ElementAt(a, place, mean, even ? 2 * i : i);
    z[i].im = even ? ElementAt(a, place, mean, 2 * i + 1) : 0.0f;
  }
  gpu::Barrier();
}

template <int kFactor, int kCapacity, int kBlock>
TRTN_DEVICE void FastStage(const Stage& stage, Number* z) {
  constexpr int kEach = (kCapacity / kFactor + kBlock - 1) / kBlock;
  const int32_t thread = static_cast<int32_t>(gpu::ThreadX());
  const int32_t count = stage.Butterflies();
  Number x[kEach][kFactor];
  TRTN_UNROLL
  for (int n = 0; n < kEach; ++n) {
    const int32_t j = thread + n * kBlock;
    if (j < count) Butterfly<kFactor>(stage, z, j, x[n]);
  }
  gpu::Barrier();
  TRTN_UNROLL
  for (int n = 0; n < kEach; ++n) {
    const int32_t j = thread + n * kBlock;
    if (j >= count) continue;
    const int32_t target = stage.Target(j);
    TRTN_UNROLL
    for (int q = 0; q < kFactor; ++q) z[target + q * stage.span] = x[n][q];
  }
  gpu::Barrier();
}

template <int kCapacity, int kBlock>
TRTN_DEVICE void SlowStage(const Stage& stage, Number* z) {
  constexpr int kEach = kCapacity / kBlock;
  const int32_t thread = static_cast<int32_t>(gpu::ThreadX());
  const int32_t count = stage.Butterflies();
  Number x[kEach];
  TRTN_UNROLL
  for (int n = 0; n < kEach; ++n) {
    const int32_t i = thread + n * kBlock;
    if (i < stage.length) x[n] = SlowResult(stage, z, i % count, i / count);
  }
  gpu::Barrier();
  TRTN_UNROLL
  for (int n = 0; n < kEach; ++n) {
    const int32_t i = thread + n * kBlock;
    if (i < stage.length) z[stage.Target(i % count) + i / count * stage.span] = x[n];
  }
  gpu::Barrier();
}

/// Leaves the frame's powers in z, as PowerAt() reads them.
template <int kCapacity, int kBlock>
TRTN_DEVICE void FramePowers(const SpectrumArguments& a, const Place& place, Number* z, float* partial) {
  const float mean = a.remove_dc != 0 ? FrameMean(a, place, partial) : 0.0f;
  LoadFrame<kBlock>(a, place, mean, z);
  int32_t span = 1;
  for (int index = 0; index < a.stages; ++index) {
    const Stage stage = StageOf(a, index, span);
    if (stage.factor == 2) {
      FastStage<2, kCapacity, kBlock>(stage, z);
    } else if (stage.factor == 3) {
      FastStage<3, kCapacity, kBlock>(stage, z);
    } else if (stage.factor == 4) {
      FastStage<4, kCapacity, kBlock>(stage, z);
    } else if (stage.factor == 5) {
      FastStage<5, kCapacity, kBlock>(stage, z);
    } else {
      SlowStage<kCapacity, kBlock>(stage, z);
    }
    span *= stage.factor;
  }
  for (int32_t k = static_cast<int32_t>(gpu::ThreadX()); k < PowerPairs(a); k += kBlock) PowerPair(a, z, k);
  gpu::Barrier();
}

template <int kCapacity, int kBlock>
TRTN_DEVICE void SpectrumOfFrame(const SpectrumArguments& a, Number* z, float* partial) {
  const int64_t index = gpu::BlockX();
  FramePowers<kCapacity, kBlock>(a, PlaceOf(a, index), z, partial);
  for (int32_t k = static_cast<int32_t>(gpu::ThreadX()); k < a.bins; k += kBlock)
    a.output[index * a.bins + k] = SpectrumValue(a, PowerAt(a, z, k));
}

TRTN_DEVICE float MelOfFrame(const SpectrumArguments& a, const Number* z, int32_t m) {
  const int32_t first = a.mel_ranges[3 * m], count = a.mel_ranges[3 * m + 1];
  const float* weights = a.mel_weights + a.mel_ranges[3 * m + 2];
  float sum = 0.0f;
  for (int32_t i = 0; i < count; ++i) {
    const float power = PowerAt(a, z, first + i);
    sum += weights[i] * (a.magnitude != 0 ? Sqrt(power) : power);
  }
  return LogMel(a, sum);
}

template <int kCapacity, int kBlock>
TRTN_DEVICE void MelsOfFrame(const SpectrumArguments& a, Number* z, float* partial) {
  const int32_t thread = static_cast<int32_t>(gpu::ThreadX());
  const int64_t index = gpu::BlockX();
  const Place place = PlaceOf(a, index);
  FramePowers<kCapacity, kBlock>(a, place, z, partial);
  float greatest = FromBits(kInfinity | 0x80000000u);
  for (int32_t m = thread; m < a.mels; m += kBlock) {
    const float value = MelOfFrame(a, z, m);
    greatest = Max(greatest, value);
    a.output[MelIndex(a, place.signal, place.frame, m)] = a.range > 0.0f ? value : Finished(a, value, 0.0f);
  }
  if (a.range <= 0.0f) return;
  partial[thread] = greatest;
  gpu::Barrier();
  for (int apart = kBlock / 2; apart > 0; apart /= 2) {
    if (thread < apart) partial[thread] = Max(partial[thread], partial[thread + apart]);
    gpu::Barrier();
  }
  if (thread == 0) a.frame_max[index] = partial[0];
}

}  // namespace trtn::ops::signals

TRTN_KERNEL(signal_frames)(trtn::ops::signals::SpectrumArguments a) {
  using namespace trtn::ops::signals;
  TRTN_SHARED(float, partial, kMeanLanes);
  const int64_t index = trtn::gpu::BlockX();
  const Place place = PlaceOf(a, index);
  const float mean = a.remove_dc != 0 ? FrameMean(a, place, partial) : 0.0f;
  for (int32_t i = static_cast<int32_t>(trtn::gpu::ThreadX()); i < a.frame_length; i += kFrameBlock)
    a.output[index * a.frame_length + i] = trtn::ops::Canonical(ElementAt(a, place, mean, i));
}

TRTN_KERNEL(signal_spectrum_small)(trtn::ops::signals::SpectrumArguments a) {
  using namespace trtn::ops::signals;
  TRTN_SHARED(Number, z, kSmallTransform);
  TRTN_SHARED(float, partial, kSmallBlock);
  SpectrumOfFrame<kSmallTransform, kSmallBlock>(a, z, partial);
}

TRTN_KERNEL(signal_spectrum_large)(trtn::ops::signals::SpectrumArguments a) {
  using namespace trtn::ops::signals;
  TRTN_SHARED(Number, z, kMaxTransform);
  TRTN_SHARED(float, partial, kLargeBlock);
  SpectrumOfFrame<kMaxTransform, kLargeBlock>(a, z, partial);
}

TRTN_KERNEL(signal_mels_small)(trtn::ops::signals::SpectrumArguments a) {
  using namespace trtn::ops::signals;
  TRTN_SHARED(Number, z, kSmallTransform);
  TRTN_SHARED(float, partial, kSmallBlock);
  MelsOfFrame<kSmallTransform, kSmallBlock>(a, z, partial);
}

TRTN_KERNEL(signal_mels_large)(trtn::ops::signals::SpectrumArguments a) {
  using namespace trtn::ops::signals;
  TRTN_SHARED(Number, z, kMaxTransform);
  TRTN_SHARED(float, partial, kLargeBlock);
  MelsOfFrame<kMaxTransform, kLargeBlock>(a, z, partial);
}

// Raises what is too far below its signal's greatest value, and finishes all. Blocks: chunks of a signal by
// signals.
TRTN_KERNEL(signal_range)(trtn::ops::signals::SpectrumArguments a) {
  using namespace trtn::ops::signals;
  TRTN_SHARED(float, partial, kRangeBlock);
  const int32_t thread = static_cast<int32_t>(trtn::gpu::ThreadX());
  const int64_t count = a.frames * a.mels;
  for (int64_t signal = trtn::gpu::BlockY(); signal < a.signals; signal += trtn::gpu::GridSizeY()) {
    float greatest = trtn::ops::FromBits(trtn::ops::kInfinity | 0x80000000u);
    for (int64_t i = thread; i < a.frames; i += kRangeBlock)
      greatest = trtn::ops::Max(greatest, a.frame_max[signal * a.frames + i]);
    partial[thread] = greatest;
    trtn::gpu::Barrier();
    for (int apart = kRangeBlock / 2; apart > 0; apart /= 2) {
      if (thread < apart) partial[thread] = trtn::ops::Max(partial[thread], partial[thread + apart]);
      trtn::gpu::Barrier();
    }
    greatest = partial[0];
    float* const values = a.output + signal * count;
    for (int64_t i = static_cast<int64_t>(trtn::gpu::BlockX()) * kRangeBlock + thread; i < count;
         i += static_cast<int64_t>(trtn::gpu::GridSizeX()) * kRangeBlock)
      values[i] = Finished(a, values[i], greatest);
    trtn::gpu::Barrier();
  }
}
