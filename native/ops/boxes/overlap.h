// SPDX-License-Identifier: Apache-2.0
//
// Boxes by their corners, and how much two of them overlap.
#pragma once

#include <stdint.h>

#include "ops/arithmetic.h"
#include "ops/prelude.h"

namespace trtn::ops {

struct BoxCorners {
  float x1, y1, x2, y2;
};

TRTN_HD BoxCorners LoadBox(const float* from) { return {from[0], from[1], from[2], from[3]}; }

TRTN_HD bool HasNan(const BoxCorners& box) {
  return IsNan(box.x1) || IsNan(box.y1) || IsNan(box.x2) || IsNan(box.y2);
}

/// Negative where the corners are swapped in one direction.
TRTN_HD float Area(const BoxCorners& box) { return (box.x2 - box.x1) * (box.y2 - box.y1); }

/// Intersection over union. 0 where there is no intersection, and where infinite corners leave no number:
/// such a box overlaps none. The order of the operations is that of torchvision, so that thresholds cut at
/// the same bits.
TRTN_HD float Overlap(const BoxCorners& a, float a_area, const BoxCorners& b, float b_area) {
  const float left = a.x1 < b.x1 ? b.x1 : a.x1;
  const float top = a.y1 < b.y1 ? b.y1 : a.y1;
  const float right = b.x2 < a.x2 ? b.x2 : a.x2;
  const float bottom = b.y2 < a.y2 ? b.y2 : a.y2;
  const float width = right - left, height = bottom - top;
  const float inner = (width > 0.0f ? width : 0.0f) * (height > 0.0f ? height : 0.0f);
  const float ratio = inner / (a_area + b_area - inner);
  return ratio > 0.0f ? ratio : 0.0f;
}

/// Which of two scores of a box is its best: the first of equal ones, and any number before NaN.
TRTN_HD bool IsBetter(float score, float best) { return score > best || (best != best && score == score); }

}  // namespace trtn::ops
