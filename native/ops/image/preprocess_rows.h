// SPDX-License-Identifier: Apache-2.0
//
// The loops of preprocessImages's twin, over one row each, in the forms that compilers turn into vector code.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/element.h"
#include "ops/image/preprocess.h"

namespace trtn::ops::image_rows {

/// Packed pixels of columns[i] + tap. `bytes`: from the row's first byte to the last that may be read.
void GatherRow(PixelFormat format, const uint8_t* row, int64_t bytes, const int32_t* columns, int32_t tap,
               int64_t count, uint32_t* pixels);
/// The same from a row of packed pixels of which the first is column `begin`.
void GatherPacked(const uint32_t* row, const int32_t* columns, int32_t offset, int64_t count,
                  uint32_t* pixels);
/// YUV pixels [begin, end) of row y, packed as red, green, blue.
void ConvertRow(const PreprocessImage& image, int32_t y, int32_t begin, int32_t end, uint32_t* pixels);

/// weight * level, for each of the three channels in the order of the bytes; Gray: `planes` has one.
void StartColor(const uint32_t* pixels, const float* weights, int64_t count, float* const planes[3]);
void AddColor(const uint32_t* pixels, const float* weights, int64_t count, float* const planes[3]);
/// StartColor() with one tap, AddColor() with the next.
void StartColor2(const uint32_t* const pixels[2], const float* const weights[2], int64_t count,
                 float* const planes[3]);
void StartGray(const uint32_t* pixels, const float* weights, int64_t count, float* plane);
void AddGray(const uint32_t* pixels, const float* weights, int64_t count, float* plane);

/// To the levels from 0 to 255, in place.
void ClampRow(int64_t count, float* row);
/// to = weight * row
void StartRow(const float* row, float weight, int64_t count, float* to);
/// to = to + weight * row
void AddRow(const float* row, float weight, int64_t count, float* to);

struct Affine {
  float multiply, add;
};
/// Normalised: of one weighted row, of two, of a sum.
void FinishRow1(const float* row, float weight, Affine by, int64_t count, float* to);
void FinishRow2(const float* const rows[2], const float weights[2], Affine by, int64_t count, float* to);
void FinishRow(const float* row, Affine by, int64_t count, float* to);
void GrayRow(const float* const planes[3], int64_t count, float* to);

// `step`: elements from one output to the next.
void WriteRow(const float* row, int64_t count, int64_t step, float* to);
void WriteRow(const float* row, int64_t count, int64_t step, Half* to);
void WriteRow(const float* row, int64_t count, int64_t step, BFloat16* to);
void WriteRow(const float* row, int64_t count, int64_t step, uint8_t* to);
void WriteRow(const float* row, int64_t count, int64_t step, int8_t* to);

}  // namespace trtn::ops::image_rows
