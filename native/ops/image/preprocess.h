// SPDX-License-Identifier: Apache-2.0
//
// Pixels to a model's input in one pass: crop, resize, colour, normalisation, element type and layout.
//
// Every filter is, along each axis, a list of weights for each output (resample.h). An output is
//
//   h(y)  = w[0] * p(x, y) + w[1] * p(x + 1, y) + ...        for each source row y that it needs
//   value = v[0] * h(y) + v[1] * h(y + 1) + ...
//   out   = value * multiply + add, rounded to the element type
//
// in float32, summed in this order, each product and sum rounded: by the kernel for each output on its own,
// by the twin for whole rows. YUV becomes RGB of 8 bits first, in integers.
#pragma once

#include <stdint.h>

#include "ops/prelude.h"

namespace trtn::ops {

/// In the order of lib/ops/image/raw-image.ts.
enum class PixelFormat : int32_t { kRgb, kBgr, kRgba, kBgra, kGray, kNv12, kI420, kYuyv };

/// YUV to RGB in units of 2^-20.
struct ColorConversion {
  int32_t luma_offset, luma, red_v, green_u, green_v, blue_u;
};

/// One image as kernel and twin read it.
struct PreprocessImage {
  /// Address of the first byte of the image (not of the crop).
  uint64_t data;
  /// Bytes from one row to the next: of the only or luma plane, of the chroma planes.
  int64_t stride, chroma_stride;
  /// Bytes from the first to the second and third plane.
  int64_t plane1, plane2;
  PixelFormat format;
  ColorConversion conversion;
  /// Where in the output the pixels go; around it is fill.
  int32_t left, top, width, height;
  /// Weights of each output column and row; the same number for all.
  int32_t column_taps, row_taps;
  /// Offsets in the table: int32_t first[n], then float weights[taps][n].
  uint64_t columns, rows;
};

struct PreprocessArguments {
  /// PreprocessImage[images], then what they point to.
  uint64_t table;
  uint64_t output;
  int64_t images;
  int32_t width, height;
  /// 1 or 3.
  int32_t channels;
  /// 1: [N, H, W, C]; 0: [N, C, H, W].
  int32_t is_channels_last;
  /// 1: the output's first channel is blue.
  int32_t is_blue_first;
  /// 1: h(y) is cut to the levels from 0 to 255, as where a library keeps bytes between the axes.
  int32_t clamps_rows;
  float multiply[3], add[3];
  /// Normalised already; by output channel.
  float fill[3];
};

/// A block writes 64 by 4 outputs of one image.
constexpr uint32_t kPreprocessTileWidth = 64;
constexpr uint32_t kPreprocessTileHeight = 4;
constexpr uint32_t kPreprocessBlock = kPreprocessTileWidth * kPreprocessTileHeight;

namespace image {

TRTN_HD uint32_t Pack(uint32_t red, uint32_t green, uint32_t blue) { return red | green << 8 | blue << 16; }

TRTN_HD int32_t ToLevel(int32_t fixed) {
  const int32_t level = fixed >> 20;
  return level < 0 ? 0 : (level > 255 ? 255 : level);
}

/// Red, green and blue in the low bytes, each rounded to the nearest level.
TRTN_HD uint32_t ConvertYuv(const ColorConversion& by, int32_t luma, int32_t u, int32_t v) {
  const int32_t above = luma - by.luma_offset;
  const int32_t y = (above < 0 ? 0 : above) * by.luma + (1 << 19);
  const int32_t from_u = u - 128, from_v = v - 128;
  return Pack(static_cast<uint32_t>(ToLevel(y + by.red_v * from_v)),
              static_cast<uint32_t>(ToLevel(y + by.green_u * from_u + by.green_v * from_v)),
              static_cast<uint32_t>(ToLevel(y + by.blue_u * from_u)));
}

/// A pixel as red, green and blue in the low bytes. Gray: all three the same.
template <PixelFormat kFormat>
TRTN_HD uint32_t PixelAt(const PreprocessImage& image, const uint8_t* data, int32_t x, int32_t y) {
  const uint8_t* row = data + image.stride * y;
  if (kFormat == PixelFormat::kRgb || kFormat == PixelFormat::kRgba) {
    const uint8_t* at = row + static_cast<int64_t>(x) * (kFormat == PixelFormat::kRgb ? 3 : 4);
    return Pack(at[0], at[1], at[2]);
  }
  if (kFormat == PixelFormat::kBgr || kFormat == PixelFormat::kBgra) {
    const uint8_t* at = row + static_cast<int64_t>(x) * (kFormat == PixelFormat::kBgr ? 3 : 4);
    return Pack(at[2], at[1], at[0]);
  }
  if (kFormat == PixelFormat::kGray) return Pack(row[x], row[x], row[x]);
  if (kFormat == PixelFormat::kYuyv) {
    const uint8_t* pair = row + static_cast<int64_t>(x >> 1) * 4;
    return ConvertYuv(image.conversion, pair[(x & 1) * 2], pair[1], pair[3]);
  }
  const uint8_t* chroma = data + image.plane1 + image.chroma_stride * (y >> 1);
  if (kFormat == PixelFormat::kNv12) {
    return ConvertYuv(image.conversion, row[x], chroma[x & ~1], chroma[x | 1]);
  }
  return ConvertYuv(image.conversion, row[x], chroma[x >> 1], chroma[image.plane2 - image.plane1 + (x >> 1)]);
}

/// Red, green or blue of a pixel: 0, 1, 2.
TRTN_HD float LevelOf(uint32_t pixel, int32_t channel) {
  return static_cast<float>(static_cast<int32_t>((pixel >> (8 * channel)) & 255u));
}

/// Luma of BT.601.
TRTN_HD float GrayOf(float red, float green, float blue) {
  return (0.299f * red + 0.587f * green) + 0.114f * blue;
}

TRTN_HD float Normalized(float value, float multiply, float add) { return value * multiply + add; }

}  // namespace image

}  // namespace trtn::ops
