// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "ops/attributes.h"
#include "ops/image/preprocess.h"
#include "ops/image/resample.h"
#include "ops/operator.h"

namespace trtn::ops {

/// What is known of one image before its address.
struct PreprocessSource {
  PixelFormat format;
  int32_t width, height;
  int64_t stride, chroma_stride;
  int32_t left, top;
  ResampleRequest columns, rows;
  ColorConversion conversion;
};

/// The attributes of "preprocessImages", read once.
///   images: kNumbersPerImage numbers for each; see ReadSource().
///   filter, coordinates, antialias, channels ("rgb", "bgr", "gray"), channelsLast, clampsRows, multiply,
///   add, fill (three each).
struct PreprocessPlan {
  explicit PreprocessPlan(const Attributes& attributes);

  /// Checks what could read or write outside of a tensor. Throws ERR_TRT_RUN_FAILED.
  void Check(const OperatorMemory& memory) const;
  /// Images with the addresses of `memory`, then the weights of their axes; equal ones once.
  std::vector<uint8_t> MakeTable(const OperatorMemory& memory) const;
  /// `table`: where MakeTable()'s bytes are.
  PreprocessArguments MakeArguments(const OperatorMemory& memory, const void* table) const;

  std::vector<PreprocessSource> sources;
  int32_t channels;
  bool is_blue_first, is_channels_last, clamps_rows;
  float multiply[3], add[3], fill[3];
};

/// YUV to RGB: `matrix` 0 is BT.601, 1 BT.709; limited range is 16 to 235 and 240.
ColorConversion ConversionOf(int matrix, bool is_full_range);

/// Bytes that an image reaches over: from its first to its last pixel of its last plane.
int64_t ImageBytes(const PreprocessSource& source);

}  // namespace trtn::ops
