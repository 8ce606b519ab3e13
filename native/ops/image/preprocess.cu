// SPDX-License-Identifier: Apache-2.0
#include "ops/element.h"
#include "ops/image/preprocess.h"

namespace trtn::ops::image {

/// The weights of one axis of one image.
struct AxisTable {
  const int32_t* first;
  const float* weights;
  int32_t outputs, taps;
};

TRTN_HD AxisTable AxisAt(uint64_t table, uint64_t offset, int32_t outputs, int32_t taps) {
  const int32_t* first = reinterpret_cast<const int32_t*>(table + offset);
  return AxisTable{first, reinterpret_cast<const float*>(first + outputs), outputs, taps};
}

struct Color {
  float red, green, blue;
};

/// One source row's part of an output.
template <PixelFormat kFormat>
TRTN_HD Color SumColumns(const PreprocessImage& source, const AxisTable& columns, int32_t x, int32_t row) {
  const uint8_t* data = reinterpret_cast<const uint8_t*>(source.data);
  const int32_t first = columns.first[x];
  Color sum = {0, 0, 0};
  for (int32_t tap = 0; tap < columns.taps; ++tap) {
    const float weight = columns.weights[static_cast<int64_t>(tap) * columns.outputs + x];
    const uint32_t pixel = PixelAt<kFormat>(source, data, first + tap, row);
    const Color add = {weight * LevelOf(pixel, 0), weight * LevelOf(pixel, 1), weight * LevelOf(pixel, 2)};
    sum = tap == 0 ? add : Color{sum.red + add.red, sum.green + add.green, sum.blue + add.blue};
  }
  return sum;
}

TRTN_HD Color ClampColor(const Color& color) {
  return Color{Clamp(color.red, 0, 255), Clamp(color.green, 0, 255), Clamp(color.blue, 0, 255)};
}

template <PixelFormat kFormat>
TRTN_HD Color Resample(const PreprocessArguments& to, const PreprocessImage& source, int32_t x, int32_t y) {
  const AxisTable columns = AxisAt(to.table, source.columns, source.width, source.column_taps);
  const AxisTable rows = AxisAt(to.table, source.rows, source.height, source.row_taps);
  const int32_t first = rows.first[y];
  Color sum = {0, 0, 0};
  for (int32_t tap = 0; tap < rows.taps; ++tap) {
    const float weight = rows.weights[static_cast<int64_t>(tap) * rows.outputs + y];
    const Color resized = SumColumns<kFormat>(source, columns, x, first + tap);
    const Color row = to.clamps_rows ? ClampColor(resized) : resized;
    const Color add = {weight * row.red, weight * row.green, weight * row.blue};
    sum = tap == 0 ? add : Color{sum.red + add.red, sum.green + add.green, sum.blue + add.blue};
  }
  return sum;
}

TRTN_HD Color ResampleAny(const PreprocessArguments& to, const PreprocessImage& source, int32_t x,
                          int32_t y) {
  switch (source.format) {
    case PixelFormat::kRgb:
      return Resample<PixelFormat::kRgb>(to, source, x, y);
    case PixelFormat::kBgr:
      return Resample<PixelFormat::kBgr>(to, source, x, y);
    case PixelFormat::kRgba:
      return Resample<PixelFormat::kRgba>(to, source, x, y);
    case PixelFormat::kBgra:
      return Resample<PixelFormat::kBgra>(to, source, x, y);
    case PixelFormat::kGray:
      return Resample<PixelFormat::kGray>(to, source, x, y);
    case PixelFormat::kNv12:
      return Resample<PixelFormat::kNv12>(to, source, x, y);
    case PixelFormat::kI420:
      return Resample<PixelFormat::kI420>(to, source, x, y);
    default:
      return Resample<PixelFormat::kYuyv>(to, source, x, y);
  }
}

/// Writes the outputs of one pixel.
template <class Element>
TRTN_HD void WritePixel(const PreprocessArguments& to, int64_t image, int64_t pixel, const float* values) {
  Element* output = reinterpret_cast<Element*>(to.output);
  const int64_t pixels = static_cast<int64_t>(to.width) * to.height;
  TRTN_UNROLL
  for (int32_t channel = 0; channel < 3; ++channel) {
    if (channel >= to.channels) return;
    const int64_t at = to.is_channels_last ? (image * pixels + pixel) * to.channels + channel
                                           : (image * to.channels + channel) * pixels + pixel;
    output[at] = FromFloat<Element>(values[channel]);
  }
}

template <class Element>
TRTN_HD void PreprocessPixel(const PreprocessArguments& to, int64_t image, int32_t x, int32_t y) {
  const PreprocessImage& source = reinterpret_cast<const PreprocessImage*>(to.table)[image];
  const int32_t in_x = x - source.left, in_y = y - source.top;
  float values[3] = {to.fill[0], to.fill[1], to.fill[2]};
  if (in_x >= 0 && in_x < source.width && in_y >= 0 && in_y < source.height) {
    const Color color = ResampleAny(to, source, in_x, in_y);
    if (to.channels == 1) {
      const bool is_gray = source.format == PixelFormat::kGray;
      const float gray = is_gray ? color.red : GrayOf(color.red, color.green, color.blue);
      values[0] = Normalized(gray, to.multiply[0], to.add[0]);
    } else {
      values[0] = Normalized(to.is_blue_first ? color.blue : color.red, to.multiply[0], to.add[0]);
      values[1] = Normalized(color.green, to.multiply[1], to.add[1]);
      values[2] = Normalized(to.is_blue_first ? color.red : color.blue, to.multiply[2], to.add[2]);
    }
  }
  WritePixel<Element>(to, image, static_cast<int64_t>(y) * to.width + x, values);
}

/// Block: a tile of grid.x tiles in rows; grid.y: images, in turn where there are more.
template <class Element>
TRTN_DEVICE void PreprocessTile(const PreprocessArguments& to) {
  const uint32_t tiles_across =
      (static_cast<uint32_t>(to.width) + kPreprocessTileWidth - 1) / kPreprocessTileWidth;
  const uint32_t tile_x = gpu::BlockX() % tiles_across, tile_y = gpu::BlockX() / tiles_across;
  const uint32_t x = tile_x * kPreprocessTileWidth + gpu::ThreadX() % kPreprocessTileWidth;
  const uint32_t y = tile_y * kPreprocessTileHeight + gpu::ThreadX() / kPreprocessTileWidth;
  if (x >= static_cast<uint32_t>(to.width) || y >= static_cast<uint32_t>(to.height)) return;
  for (int64_t image = gpu::BlockY(); image < to.images; image += gpu::GridSizeY()) {
    PreprocessPixel<Element>(to, image, static_cast<int32_t>(x), static_cast<int32_t>(y));
  }
}

}  // namespace trtn::ops::image

TRTN_KERNEL(preprocess_f32)(trtn::ops::PreprocessArguments to) {
  trtn::ops::image::PreprocessTile<float>(to);
}
TRTN_KERNEL(preprocess_f16)(trtn::ops::PreprocessArguments to) {
  trtn::ops::image::PreprocessTile<trtn::ops::Half>(to);
}
TRTN_KERNEL(preprocess_bf16)(trtn::ops::PreprocessArguments to) {
  trtn::ops::image::PreprocessTile<trtn::ops::BFloat16>(to);
}
TRTN_KERNEL(preprocess_u8)(trtn::ops::PreprocessArguments to) {
  trtn::ops::image::PreprocessTile<uint8_t>(to);
}
TRTN_KERNEL(preprocess_i8)(trtn::ops::PreprocessArguments to) {
  trtn::ops::image::PreprocessTile<int8_t>(to);
}
