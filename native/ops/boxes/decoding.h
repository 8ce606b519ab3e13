// SPDX-License-Identifier: Apache-2.0
//
// From the outputs of a detector's head to boxes by their corners and to scores. One block of threads takes
// 256 boxes: their channels go through shared memory, 16 at a time, whatever their order in the head is, so
// that neighbouring threads read, and write, neighbouring elements.
#pragma once

#include <stdint.h>

#include "ops/boxes/overlap.h"
#include "ops/element.h"
#include "ops/exp_log.h"

namespace trtn::ops {

constexpr uint32_t kDecodeThreads = 256;
constexpr uint32_t kDecodeTile = 16, kDecodeRow = kDecodeTile + 1;
constexpr int32_t kMaxDecodeLevels = 8, kMaxDecodeAnchors = 64;

enum class BoxForm : int32_t { kCenter, kCorners, kYoloV3, kYoloV5, kYoloX, kDistances, kDeltas };

/// One grid of cells of a head.
struct DecodeLevel {
  /// Index of its first box.
  int64_t first;
  int32_t width, height;
  /// Boxes of one cell, and the first one's size among all.
  int32_t anchors, first_anchor;
  float stride;
};

struct DecodeArguments {
  /// [images, count, channels], or [images, channels, count].
  const void* head;
  /// Boxes [count, 4] that deltas start from: centre and size, or corners. Null for other forms.
  const float* anchors;
  float* boxes;
  float* scores;
  /// Null where the scores of all classes are wanted.
  int32_t* classes;
  int64_t count, channels, class_count;
  BoxForm form;
  /// First class among the channels.
  int32_t first_class;
  int32_t has_objectness, is_channels_first, is_sigmoid, is_cell_major, are_anchors_corners;
  float scale_x, scale_y;
  float variances[4];
  int32_t level_count;
  DecodeLevel levels[kMaxDecodeLevels];
  float anchor_sizes[kMaxDecodeAnchors * 2];
};

/// Where in a head's grids a box belongs.
struct DecodeCell {
  float x, y, stride, width, height;
};

TRTN_HD DecodeCell CellOf(const DecodeArguments& arguments, int64_t index) {
  int32_t at = 0;
  while (at + 1 < arguments.level_count && index >= arguments.levels[at + 1].first) at++;
  const DecodeLevel& level = arguments.levels[at];
  const int64_t offset = index - level.first;
  const int64_t cells = static_cast<int64_t>(level.width) * level.height;
  const int64_t cell = arguments.is_cell_major ? offset / level.anchors : offset % cells;
  const int64_t anchor =
      level.first_anchor + (arguments.is_cell_major ? offset % level.anchors : offset / cells);
  return {static_cast<float>(cell % level.width), static_cast<float>(cell / level.width), level.stride,
          arguments.anchor_sizes[anchor * 2], arguments.anchor_sizes[anchor * 2 + 1]};
}

TRTN_HD BoxCorners FromCenter(float x, float y, float width, float height) {
  const float half_width = width * 0.5f, half_height = height * 0.5f;
  return {x - half_width, y - half_height, x + half_width, y + half_height};
}

TRTN_HD BoxCorners DecodeInCell(BoxForm form, const DecodeCell& cell, const float* t) {
  switch (form) {
    case BoxForm::kYoloV3:
      return FromCenter((Sigmoid(t[0]) + cell.x) * cell.stride, (Sigmoid(t[1]) + cell.y) * cell.stride,
                        Exp(t[2]) * cell.width, Exp(t[3]) * cell.height);
    case BoxForm::kYoloV5: {
      const float width = 2.0f * Sigmoid(t[2]), height = 2.0f * Sigmoid(t[3]);
      return FromCenter((2.0f * Sigmoid(t[0]) - 0.5f + cell.x) * cell.stride,
                        (2.0f * Sigmoid(t[1]) - 0.5f + cell.y) * cell.stride, width * width * cell.width,
                        height * height * cell.height);
    }
    case BoxForm::kYoloX:
      return FromCenter((t[0] + cell.x) * cell.stride, (t[1] + cell.y) * cell.stride, Exp(t[2]) * cell.stride,
                        Exp(t[3]) * cell.stride);
    default: {
      const float x = cell.x + 0.5f, y = cell.y + 0.5f;
      return {(x - t[0]) * cell.stride, (y - t[1]) * cell.stride, (x + t[2]) * cell.stride,
              (y + t[3]) * cell.stride};
    }
  }
}

TRTN_HD BoxCorners DecodeDeltas(const DecodeArguments& arguments, int64_t index, const float* t) {
  const BoxCorners anchor = LoadBox(arguments.anchors + index * 4);
  float width = anchor.x2, height = anchor.y2, x = anchor.x1, y = anchor.y1;
  if (arguments.are_anchors_corners) {
    width = anchor.x2 - anchor.x1;
    height = anchor.y2 - anchor.y1;
    x = anchor.x1 + width * 0.5f;
    y = anchor.y1 + height * 0.5f;
  }
  // ln(1000 / 16): what keeps the boxes of a head that has learnt little finite.
  const float most = 4.135166645f;
  const float wide = t[2] * arguments.variances[2], high = t[3] * arguments.variances[3];
  return FromCenter(t[0] * arguments.variances[0] * width + x, t[1] * arguments.variances[1] * height + y,
                    Exp(wide > most ? most : wide) * width, Exp(high > most ? most : high) * height);
}

/// The box of the first four channels, times the scale. NaN in a channel gives NaN in corners that it decides
/// on.
TRTN_HD BoxCorners DecodeBox(const DecodeArguments& arguments, int64_t index, const float* t) {
  BoxCorners box{t[0], t[1], t[2], t[3]};
  if (arguments.form == BoxForm::kCenter) {
    box = FromCenter(t[0], t[1], t[2], t[3]);
  } else if (arguments.form == BoxForm::kDeltas) {
    box = DecodeDeltas(arguments, index, t);
  } else if (arguments.form != BoxForm::kCorners) {
    box = DecodeInCell(arguments.form, CellOf(arguments, index), t);
  }
  return {Canonical(box.x1 * arguments.scale_x), Canonical(box.y1 * arguments.scale_y),
          Canonical(box.x2 * arguments.scale_x), Canonical(box.y2 * arguments.scale_y)};
}

/// A number of the head, or the probability of its logit.
TRTN_HD float Probability(bool is_sigmoid, float value) { return is_sigmoid ? Sigmoid(value) : value; }

/// The score of a class. Every NaN is the same: which one a product gives differs between processors.
TRTN_HD float ScoreOf(const DecodeArguments& arguments, float value, float objectness) {
  return Canonical(Probability(arguments.is_sigmoid != 0, value) * objectness);
}

}  // namespace trtn::ops
