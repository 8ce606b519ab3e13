// SPDX-License-Identifier: Apache-2.0
#include "ops/signals/mel_filters.h"

#include <algorithm>
#include <cmath>

namespace trtn::ops::signals {

namespace {

constexpr double kSlaneyHzPerMel = 200.0 / 3.0, kSlaneyLogFrom = 1000.0, kSlaneyLogMel = 15.0;
const double kSlaneyLogStep = std::log(6.4) / 27.0;

double MelOfHz(const std::string& scale, double hz) {
  if (scale != "slaney") return 1127.0 * std::log1p(hz / 700.0);
  if (hz < kSlaneyLogFrom) return hz / kSlaneyHzPerMel;
  return kSlaneyLogMel + std::log(hz / kSlaneyLogFrom) / kSlaneyLogStep;
}

double HzOfMel(const std::string& scale, double mel) {
  if (scale != "slaney") return 700.0 * std::expm1(mel / 1127.0);
  if (mel < kSlaneyLogMel) return mel * kSlaneyHzPerMel;
  return kSlaneyLogFrom * std::exp(kSlaneyLogStep * (mel - kSlaneyLogMel));
}

}  // namespace

MelFilters MakeMelFilters(const MelSettings& settings) {
  const bool over_mels = settings.scale == "kaldi";
  const double low = MelOfHz(settings.scale, settings.min_hz),
               high = MelOfHz(settings.scale, settings.max_hz);
  const auto corner = [&](int32_t index) {
    const double mel = low + (high - low) * index / (settings.mels + 1);
    return over_mels ? mel : HzOfMel(settings.scale, mel);
  };
  MelFilters filters;
  const int32_t bins = settings.fft_length / 2 + 1;
  for (int32_t m = 0; m < settings.mels; ++m) {
    const double left = corner(m), middle = corner(m + 1), right = corner(m + 2);
    const double height = settings.slaney_norm ? 2.0 / (right - left) : 1.0;
    int32_t first = 0, count = 0;
    const int32_t offset = static_cast<int32_t>(filters.weights.size());
    for (int32_t k = 0; k < bins; ++k) {
      const double hz = k * settings.sample_rate / settings.fft_length;
      const double at = over_mels ? MelOfHz(settings.scale, hz) : hz;
      const double weight = std::min((at - left) / (middle - left), (right - at) / (right - middle));
      if (!(weight > 0.0)) continue;
      if (count == 0) first = k;
      filters.weights.push_back(static_cast<float>(weight * height));
      ++count;
    }
    filters.ranges.insert(filters.ranges.end(), {first, count, offset});
  }
  return filters;
}

}  // namespace trtn::ops::signals
