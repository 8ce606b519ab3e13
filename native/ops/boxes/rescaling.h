// SPDX-License-Identifier: Apache-2.0
//
// Boxes, keypoints and masks from a model's coordinates back to those of the image that was resized for it.
#pragma once

#include <stdint.h>

#include "ops/boxes/overlap.h"
#include "ops/element.h"

namespace trtn::ops {

constexpr uint32_t kRescaleThreads = 256;
/// Pixels of a mask that one thread writes at a time, as one word.
constexpr int64_t kMaskPixels = 4;

/// model = original * scale + offset, for each axis.
struct ImageMapping {
  float scale_x, scale_y, offset_x, offset_y, width, height;
};
/// Numbers of one, in a tensor.
constexpr int64_t kMappingValues = 6;

TRTN_HD ImageMapping LoadMapping(const float* from) {
  return {from[0], from[1], from[2], from[3], from[4], from[5]};
}

struct RescaleArguments {
  const float* values;
  const float* mappings;
  float* out;
  /// Numbers in all, of one image, and of one box or point; its first `coordinates` are x and y in turn.
  int64_t count, per_image, per_item, coordinates;
};

/// NaN stays; infinities go to the borders.
TRTN_HD float RescaledValue(const RescaleArguments& arguments, int64_t index) {
  const float value = arguments.values[index];
  uint64_t item = static_cast<uint64_t>(index), image = item;
  const int64_t axis = static_cast<int64_t>(TakeCoordinate(item, static_cast<uint64_t>(arguments.per_item)));
  if (axis >= arguments.coordinates) return value;
  TakeCoordinate(image, static_cast<uint64_t>(arguments.per_image));
  const ImageMapping mapping = LoadMapping(arguments.mappings + image * kMappingValues);
  if (IsNan(value)) return FromBits(kQuietNan);
  const float place = axis % 2 == 0 ? (value - mapping.offset_x) / mapping.scale_x
                                    : (value - mapping.offset_y) / mapping.scale_y;
  // Mappings that a chain brings may have a scale of 0, or NaN.
  if (IsNan(place)) return FromBits(kQuietNan);
  return Clamp(place, 0.0f, axis % 2 == 0 ? mapping.width : mapping.height);
}

struct MaskArguments {
  /// [masks, mask_height, mask_width]
  const void* logits;
  /// [masks, 4], in the image's coordinates.
  const float* boxes;
  /// One.
  const float* mapping;
  /// [masks, height, width]
  uint8_t* out;
  int64_t masks, mask_height, mask_width, height, width;
  /// Of the model's input.
  float model_width, model_height, threshold;
  int32_t inside;
};

/// Where along an axis of a mask's logits a pixel lies: between two of them, and how far.
struct MaskSample {
  int64_t low, high;
  float part;
};

TRTN_HD MaskSample SampleAt(int64_t pixel, float scale, float offset, float ratio, int64_t size) {
  const float middle = static_cast<float>(pixel) + 0.5f;
  const float place = (middle * scale + offset) * ratio - 0.5f, last = static_cast<float>(size - 1);
  // What is no number goes to 0 too: a cast needs one that fits.
  const float bounded = place > 0.0f ? (place < last ? place : last) : 0.0f;
  const int64_t low = static_cast<int64_t>(bounded);
  return {low, low + 1 < size ? low + 1 : low, bounded - static_cast<float>(low)};
}

/// Whether a pixel's corner lies in a box; in none whose corner is NaN.
TRTN_HD bool IsPixelInside(const BoxCorners& box, int64_t x, int64_t y) {
  const float left = static_cast<float>(x), top = static_cast<float>(y);
  return left >= box.x1 && left < box.x2 && top >= box.y1 && top < box.y2;
}

template <class T>
TRTN_HD float LogitAt(const T* mask, int64_t mask_width, const MaskSample& x, const MaskSample& y) {
  const T *upper = mask + y.low * mask_width, *lower = mask + y.high * mask_width;
  const float above = ToFloat(upper[x.low]), below = ToFloat(lower[x.low]);
  const float top = above + (ToFloat(upper[x.high]) - above) * x.part;
  const float bottom = below + (ToFloat(lower[x.high]) - below) * x.part;
  return top + (bottom - top) * y.part;
}

/// One pixel of one mask.
template <class T>
TRTN_HD uint8_t MaskPixel(const MaskArguments& arguments, int64_t mask, int64_t y, int64_t x) {
  if (!IsPixelInside(LoadBox(arguments.boxes + mask * 4), x, y)) return 0;
  const ImageMapping mapping = LoadMapping(arguments.mapping);
  const MaskSample column =
      SampleAt(x, mapping.scale_x, mapping.offset_x,
               static_cast<float>(arguments.mask_width) / arguments.model_width, arguments.mask_width);
  const MaskSample row =
      SampleAt(y, mapping.scale_y, mapping.offset_y,
               static_cast<float>(arguments.mask_height) / arguments.model_height, arguments.mask_height);
  const T* logits =
      static_cast<const T*>(arguments.logits) + mask * arguments.mask_height * arguments.mask_width;
  const float logit = LogitAt(logits, arguments.mask_width, column, row);
  return logit > arguments.threshold ? static_cast<uint8_t>(arguments.inside) : static_cast<uint8_t>(0);
}

}  // namespace trtn::ops
