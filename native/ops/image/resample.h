// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace trtn::ops {

enum class ResampleFilter { kNearest, kBilinear, kBicubic, kArea };
enum class ResampleCoordinates { kHalfPixel, kAlignCorners, kAsymmetric };

/// One axis: `outputs` samples of [origin, origin + length), which lies within the pixels [low, high).
/// Nothing outside of those is read.
struct ResampleRequest {
  ResampleFilter filter;
  ResampleCoordinates coordinates;
  /// Bilinear and bicubic: the filter grows with the step where the image shrinks, as Pillow's do.
  bool antialias;
  double origin, length;
  int32_t low, high;
  int32_t outputs;
};

/// Output i is the sum over k of weights[k * outputs + i] * pixel[first[i] + k]. `first` never goes back.
struct ResampleAxis {
  int32_t taps = 0;
  std::vector<int32_t> first;
  std::vector<float> weights;
};

ResampleAxis MakeResampleAxis(const ResampleRequest& request);

}  // namespace trtn::ops
