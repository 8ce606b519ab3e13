// SPDX-License-Identifier: Apache-2.0
//
// From samples to frames, power and mel spectra: what kernels and the CPU twin share. `V` as in fft.h.
#pragma once

#include <stdint.h>

#include "ops/arithmetic.h"
#include "ops/exp_log.h"
#include "ops/prelude.h"
#include "ops/signals/fft.h"

namespace trtn::ops::signals {

/// Factors of the longest transform are few: 3^7 < 4096 < 2 * 4^6.
constexpr int kMaxStages = 12;
/// Complex numbers of one transform: 32 KiB of shared memory, of the 48 that every device has.
constexpr int kMaxTransform = 4096;
/// Transforms up to this length take small blocks, of which more fit on a processor.
constexpr int kSmallTransform = 512;
constexpr int kSmallBlock = 128, kLargeBlock = 512, kFrameBlock = 64, kRangeBlock = 256;
/// Partial sums of a frame's mean: sample i belongs to i % kMeanLanes. Any block has as many threads.
constexpr int kMeanLanes = 64;

enum class LogKind : int32_t { kNone, kNatural, kLog10, kDecibel };

/// What one output is made of; passed to the kernels by value, to the CPU twin with the host's addresses.
struct SpectrumArguments {
  const void* signal;
  float* output;
  /// The greatest log-mel value of each frame, where `range` asks for it.
  float* frame_max;
  const float* window;
  /// exp(-2 pi i t / fft_length).
  const Root* roots;
  /// For each mel its first frequency, the number of them, and where its weights begin.
  const int32_t* mel_ranges;
  const float* mel_weights;

  /// Samples that a signal has in memory, and counts as having (the rest is zero).
  int64_t samples, length;
  int64_t signals, frames;
  int64_t hop;
  int32_t frame_length, fft_length, pad;
  int32_t is_int16, reflect, remove_dc;
  float scale, pre_emphasis;

  int32_t transform_length, root_step, stages;
  int32_t factors[kMaxStages];
  int32_t bins, magnitude;

  int32_t mels, mels_first;
  LogKind log;
  float floor;
  /// Values lower than the signal's greatest by more than this are raised; 0 for no such bound.
  float range;
  float offset, multiplier;
};

/// Sample `position` of a signal: behind its ends there is its mirror image without the end itself, or zero.
TRTN_HD float SampleAt(const SpectrumArguments& a, int64_t signal, int64_t position) {
  if (position < 0 || position >= a.length) {
    if (a.reflect == 0) return 0.0f;
    const int64_t period = a.length > 1 ? 2 * (a.length - 1) : 1;
    position %= period;
    if (position < 0) position += period;
    if (position >= a.length) position = period - position;
  }
  if (position >= a.samples) return 0.0f;
  const int64_t index = signal * a.samples + position;
  const float value = a.is_int16 != 0 ? static_cast<float>(static_cast<const int16_t*>(a.signal)[index])
                                      : static_cast<const float*>(a.signal)[index];
  return value * a.scale;
}

/// A sample becomes an element of its frame; `before` is the sample before it (itself at the frame's
/// beginning). Changed in place: no compiler likes wide vectors that are returned.
template <class V>
TRTN_LANES void FinishElement(const SpectrumArguments& a, V& value, const V& before, const V& mean,
                              float window) {
  V previous = before;
  if (a.remove_dc != 0) {
    value = value - mean;
    previous = previous - mean;
  }
  if (a.pre_emphasis != 0.0f) value = value - a.pre_emphasis * previous;
  value = value * window;
}

TRTN_HD Stage StageOf(const SpectrumArguments& a, int index, int32_t span) {
  return {a.roots, a.transform_length, a.factors[index], span, a.root_step};
}

template <class V>
TRTN_LANES V PowerOf(const Complex<V>& x) {
  return x.re * x.re + x.im * x.im;
}

/// Pairs of frequencies that PowerPair() takes: each is independent of the others.
TRTN_HD int32_t PowerPairs(const SpectrumArguments& a) {
  return a.fft_length % 2 == 0 ? a.transform_length / 2 + 1 : a.bins;
}

/// Puts powers in place of the transform's results: that of frequency k into z[k].re, of the last one of an
/// even length into z[0].im.
template <class V>
TRTN_LANES void PowerPair(const SpectrumArguments& a, Complex<V>* z, int32_t k) {
  if (a.fft_length % 2 != 0) {
    z[k].re = PowerOf(z[k]);
    return;
  }
  const int32_t other = k == 0 ? 0 : a.transform_length - k;
  Complex<V> low = z[k], high = z[other];
  SplitReal(&low, &high, a.roots[k]);
  z[k].re = PowerOf(low);
  if (k == 0) {
    z[0].im = PowerOf(high);
  } else if (other != k) {
    z[other].re = PowerOf(high);
  }
}

template <class V>
TRTN_LANES const V& PowerAt(const SpectrumArguments& a, const Complex<V>* z, int32_t k) {
  return k < a.transform_length ? z[k].re : z[0].im;
}

/// The last step of a spectrum without mels.
TRTN_HD float SpectrumValue(const SpectrumArguments& a, float power) {
  return Canonical(a.magnitude != 0 ? Sqrt(power) : power);
}

TRTN_HD float LogMel(const SpectrumArguments& a, float mel) {
  if (a.log == LogKind::kNone) return Canonical(mel);
  const float bounded = Max(mel, a.floor);
  if (a.log == LogKind::kNatural) return Canonical(Log(bounded));
  const float log10 = Log10(bounded);
  return Canonical(a.log == LogKind::kLog10 ? log10 : 10.0f * log10);
}

/// (max(value, greatest - range) + offset) * multiplier.
TRTN_HD float Finished(const SpectrumArguments& a, float value, float greatest) {
  if (a.range > 0.0f) value = Max(value, greatest - a.range);
  return Canonical((value + a.offset) * a.multiplier);
}

/// Where mel m of a frame goes.
TRTN_HD int64_t MelIndex(const SpectrumArguments& a, int64_t signal, int64_t frame, int32_t m) {
  return a.mels_first != 0 ? (signal * a.mels + m) * a.frames + frame
                           : (signal * a.frames + frame) * a.mels + m;
}

}  // namespace trtn::ops::signals
