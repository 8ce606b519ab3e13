// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace trtn::ops::signals {

/// Triangles over frequencies, each from its first frequency that is not zero to the last.
struct MelFilters {
  /// First frequency, number of frequencies, first weight: three numbers for each mel.
  std::vector<int32_t> ranges;
  std::vector<float> weights;
};

struct MelSettings {
  double sample_rate, min_hz, max_hz;
  int32_t mels, fft_length;
  /// "htk": 2595 log10(1 + f / 700); "slaney": linear to 1 kHz, logarithmic above (Auditory Toolbox, 1998);
  /// both with triangles over frequencies. "kaldi": the scale of htk, with triangles over mels.
  std::string scale;
  /// Each triangle divided by half of its width in Hz.
  bool slaney_norm;
};

/// Computed in double and rounded once. A triangle between two frequencies of the transform has no weight.
MelFilters MakeMelFilters(const MelSettings& settings);

}  // namespace trtn::ops::signals
