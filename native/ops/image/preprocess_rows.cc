// SPDX-License-Identifier: Apache-2.0
#include "ops/image/preprocess_rows.h"

#include <cstring>

#include "ops/simd.h"

namespace trtn::ops::image_rows {

namespace {

/// Four bytes at once where there are four. The fourth is nobody's: no loop looks at it.
template <int kBytes>
void GatherBytes(const uint8_t* row, int64_t bytes, const int32_t* columns, int64_t count, uint32_t* pixels) {
  // Columns never go back: from one on, all are near the end.
  int64_t safe = count;
  while (safe > 0 && static_cast<int64_t>(columns[safe - 1]) * kBytes + 4 > bytes) --safe;
  for (int64_t i = 0; i < safe; ++i) {
    std::memcpy(&pixels[i], row + static_cast<int64_t>(columns[i]) * kBytes, 4);
  }
  for (int64_t i = safe; i < count; ++i) {
    const uint8_t* at = row + static_cast<int64_t>(columns[i]) * kBytes;
    pixels[i] = image::Pack(at[0], kBytes > 1 ? at[1] : 0, kBytes > 1 ? at[2] : 0);
  }
}

template <class Element>
inline void WriteElements(const float* TRTN_RESTRICT row, int64_t count, int64_t step,
                          Element* TRTN_RESTRICT to) {
  if (step == 1) {
    for (int64_t i = 0; i < count; ++i) to[i] = FromFloat<Element>(row[i]);
  } else {
    for (int64_t i = 0; i < count; ++i) to[i * step] = FromFloat<Element>(row[i]);
  }
}

}  // namespace

void GatherRow(PixelFormat format, const uint8_t* row, int64_t bytes, const int32_t* columns, int32_t tap,
               int64_t count, uint32_t* pixels) {
  switch (format) {
    case PixelFormat::kRgba:
    case PixelFormat::kBgra:
      return GatherBytes<4>(row + static_cast<int64_t>(tap) * 4, bytes - static_cast<int64_t>(tap) * 4,
                            columns, count, pixels);
    case PixelFormat::kGray:
      for (int64_t i = 0; i < count; ++i) pixels[i] = row[static_cast<int64_t>(columns[i]) + tap];
      return;
    default:
      return GatherBytes<3>(row + static_cast<int64_t>(tap) * 3, bytes - static_cast<int64_t>(tap) * 3,
                            columns, count, pixels);
  }
}

void GatherPacked(const uint32_t* row, const int32_t* columns, int32_t offset, int64_t count,
                  uint32_t* pixels) {
  for (int64_t i = 0; i < count; ++i) pixels[i] = row[static_cast<int64_t>(columns[i]) + offset];
}

namespace {

template <PixelFormat kFormat>
inline void ConvertPixels(const PreprocessImage& image, int32_t y, int32_t begin, int32_t end,
                          uint32_t* TRTN_RESTRICT pixels) {
  const uint8_t* data = reinterpret_cast<const uint8_t*>(image.data);
  for (int32_t x = begin; x < end; ++x) pixels[x - begin] = image::PixelAt<kFormat>(image, data, x, y);
}

}  // namespace

TRTN_SIMD_CLONES
void ConvertRow(const PreprocessImage& image, int32_t y, int32_t begin, int32_t end, uint32_t* pixels) {
  if (image.format == PixelFormat::kNv12)
    return ConvertPixels<PixelFormat::kNv12>(image, y, begin, end, pixels);
  if (image.format == PixelFormat::kI420)
    return ConvertPixels<PixelFormat::kI420>(image, y, begin, end, pixels);
  return ConvertPixels<PixelFormat::kYuyv>(image, y, begin, end, pixels);
}

TRTN_SIMD_CLONES
void StartColor(const uint32_t* TRTN_RESTRICT pixels, const float* TRTN_RESTRICT weights, int64_t count,
                float* const planes[3]) {
  float *TRTN_RESTRICT a = planes[0], *TRTN_RESTRICT b = planes[1], *TRTN_RESTRICT c = planes[2];
  for (int64_t i = 0; i < count; ++i) {
    a[i] = weights[i] * image::LevelOf(pixels[i], 0);
    b[i] = weights[i] * image::LevelOf(pixels[i], 1);
    c[i] = weights[i] * image::LevelOf(pixels[i], 2);
  }
}

TRTN_SIMD_CLONES
void AddColor(const uint32_t* TRTN_RESTRICT pixels, const float* TRTN_RESTRICT weights, int64_t count,
              float* const planes[3]) {
  float *TRTN_RESTRICT a = planes[0], *TRTN_RESTRICT b = planes[1], *TRTN_RESTRICT c = planes[2];
  for (int64_t i = 0; i < count; ++i) {
    a[i] = a[i] + weights[i] * image::LevelOf(pixels[i], 0);
    b[i] = b[i] + weights[i] * image::LevelOf(pixels[i], 1);
    c[i] = c[i] + weights[i] * image::LevelOf(pixels[i], 2);
  }
}

TRTN_SIMD_CLONES
void StartColor2(const uint32_t* const pixels[2], const float* const weights[2], int64_t count,
                 float* const planes[3]) {
  const uint32_t *TRTN_RESTRICT p = pixels[0], *TRTN_RESTRICT q = pixels[1];
  const float *TRTN_RESTRICT v = weights[0], *TRTN_RESTRICT w = weights[1];
  float *TRTN_RESTRICT a = planes[0], *TRTN_RESTRICT b = planes[1], *TRTN_RESTRICT c = planes[2];
  for (int64_t i = 0; i < count; ++i) {
    a[i] = v[i] * image::LevelOf(p[i], 0) + w[i] * image::LevelOf(q[i], 0);
    b[i] = v[i] * image::LevelOf(p[i], 1) + w[i] * image::LevelOf(q[i], 1);
    c[i] = v[i] * image::LevelOf(p[i], 2) + w[i] * image::LevelOf(q[i], 2);
  }
}

TRTN_SIMD_CLONES
void StartGray(const uint32_t* TRTN_RESTRICT pixels, const float* TRTN_RESTRICT weights, int64_t count,
               float* TRTN_RESTRICT plane) {
  for (int64_t i = 0; i < count; ++i) plane[i] = weights[i] * image::LevelOf(pixels[i], 0);
}

TRTN_SIMD_CLONES
void AddGray(const uint32_t* TRTN_RESTRICT pixels, const float* TRTN_RESTRICT weights, int64_t count,
             float* TRTN_RESTRICT plane) {
  for (int64_t i = 0; i < count; ++i) plane[i] = plane[i] + weights[i] * image::LevelOf(pixels[i], 0);
}

TRTN_SIMD_CLONES
void ClampRow(int64_t count, float* row) {
  for (int64_t i = 0; i < count; ++i) row[i] = Clamp(row[i], 0, 255);
}

TRTN_SIMD_CLONES
void StartRow(const float* TRTN_RESTRICT row, float weight, int64_t count, float* TRTN_RESTRICT to) {
  for (int64_t i = 0; i < count; ++i) to[i] = weight * row[i];
}

TRTN_SIMD_CLONES
void AddRow(const float* TRTN_RESTRICT row, float weight, int64_t count, float* TRTN_RESTRICT to) {
  for (int64_t i = 0; i < count; ++i) to[i] = to[i] + weight * row[i];
}

TRTN_SIMD_CLONES
void FinishRow1(const float* TRTN_RESTRICT row, float weight, Affine by, int64_t count,
                float* TRTN_RESTRICT to) {
  for (int64_t i = 0; i < count; ++i) to[i] = image::Normalized(weight * row[i], by.multiply, by.add);
}

TRTN_SIMD_CLONES
void FinishRow2(const float* const rows[2], const float weights[2], Affine by, int64_t count,
                float* TRTN_RESTRICT to) {
  const float *TRTN_RESTRICT a = rows[0], *TRTN_RESTRICT b = rows[1];
  const float v = weights[0], w = weights[1];
  for (int64_t i = 0; i < count; ++i) to[i] = image::Normalized(v * a[i] + w * b[i], by.multiply, by.add);
}

TRTN_SIMD_CLONES
void FinishRow(const float* row, Affine by, int64_t count, float* to) {
  // `to` may be `row`.
  for (int64_t i = 0; i < count; ++i) to[i] = image::Normalized(row[i], by.multiply, by.add);
}

TRTN_SIMD_CLONES
void GrayRow(const float* const planes[3], int64_t count, float* to) {
  const float *red = planes[0], *green = planes[1], *blue = planes[2];
  for (int64_t i = 0; i < count; ++i) to[i] = image::GrayOf(red[i], green[i], blue[i]);
}

TRTN_SIMD_CLONES
void WriteRow(const float* row, int64_t count, int64_t step, float* to) {
  WriteElements(row, count, step, to);
}
TRTN_SIMD_CLONES
void WriteRow(const float* row, int64_t count, int64_t step, Half* to) {
  WriteElements(row, count, step, to);
}
TRTN_SIMD_CLONES
void WriteRow(const float* row, int64_t count, int64_t step, BFloat16* to) {
  WriteElements(row, count, step, to);
}
TRTN_SIMD_CLONES
void WriteRow(const float* row, int64_t count, int64_t step, uint8_t* to) {
  WriteElements(row, count, step, to);
}
TRTN_SIMD_CLONES
void WriteRow(const float* row, int64_t count, int64_t step, int8_t* to) {
  WriteElements(row, count, step, to);
}

}  // namespace trtn::ops::image_rows
