// SPDX-License-Identifier: Apache-2.0
#include "ops/image/preprocess_twin.h"

namespace trtn::ops {

namespace {

bool IsPreprocessYuv(PixelFormat format) {
  return format == PixelFormat::kNv12 || format == PixelFormat::kI420 || format == PixelFormat::kYuyv;
}

bool IsStoredBlueFirst(PixelFormat format) {
  return format == PixelFormat::kBgr || format == PixelFormat::kBgra;
}

/// Rows that are kept, at most: of a wide filter some are computed again, rather than gigabytes kept.
constexpr int64_t kMostCachedFloats = 1 << 21;

}  // namespace

PreprocessColumns::PreprocessColumns(const PreprocessArguments& arguments, int64_t index, int64_t bytes)
    : image_(reinterpret_cast<const PreprocessImage*>(arguments.table) + index),
      data_(reinterpret_cast<const uint8_t*>(image_->data)),
      bytes_(bytes),
      width_(image_->width),
      planes_(image_->format == PixelFormat::kGray ? 1 : 3),
      clamps_rows_(arguments.clamps_rows != 0) {
  column_first_ = reinterpret_cast<const int32_t*>(arguments.table + image_->columns);
  column_weights_ = reinterpret_cast<const float*>(column_first_ + width_);
  row_first_ = reinterpret_cast<const int32_t*>(arguments.table + image_->rows);
  row_weights_ = reinterpret_cast<const float*>(row_first_ + image_->height);
  row_floats_ = width_ * planes_;
  slots_ = std::clamp<int64_t>(kMostCachedFloats / row_floats_, 2, std::max(2, image_->row_taps));
  cache_.resize(static_cast<size_t>(slots_ * row_floats_));
  row_in_slot_.assign(static_cast<size_t>(slots_), -1);
  gathered_.resize(static_cast<size_t>(width_) * 2);
}

void PreprocessColumns::Fill(int32_t row) {
  const int64_t slot = row % slots_;
  if (row_in_slot_[static_cast<size_t>(slot)] == row) return;
  float* const first = cache_.data() + slot * row_floats_;
  float* planes[3] = {first, first + width_, first + 2 * width_};
  if (planes_ == 1) planes[1] = planes[2] = first;
  if (IsStoredBlueFirst(image_->format)) std::swap(planes[0], planes[2]);
  Resize(row, planes);
  if (clamps_rows_) image_rows::ClampRow(row_floats_, first);
  row_in_slot_[static_cast<size_t>(slot)] = row;
}

void PreprocessColumns::Resize(int32_t row, float* const planes[3]) {
  if (IsPreprocessYuv(image_->format)) {
    const int32_t end = column_first_[width_ - 1] + image_->column_taps;
    converted_.resize(static_cast<size_t>(end - column_first_[0]));
    image_rows::ConvertRow(*image_, row, column_first_[0], end, converted_.data());
  }
  uint32_t* const buffers[2] = {gathered_.data(), gathered_.data() + width_};
  int32_t tap = 0;
  if (planes_ == 3 && image_->column_taps >= 2) {
    const uint32_t* const pixels[2] = {Gather(row, 0, buffers[0]), Gather(row, 1, buffers[1])};
    const float* const weights[2] = {column_weights_, column_weights_ + width_};
    image_rows::StartColor2(pixels, weights, width_, planes);
    tap = 2;
  }
  for (; tap < image_->column_taps; ++tap) {
    const uint32_t* pixels = Gather(row, tap, buffers[0]);
    const float* weights = column_weights_ + tap * width_;
    if (planes_ == 1) {
      (tap == 0 ? image_rows::StartGray : image_rows::AddGray)(pixels, weights, width_, planes[0]);
    } else {
      (tap == 0 ? image_rows::StartColor : image_rows::AddColor)(pixels, weights, width_, planes);
    }
  }
}

const uint32_t* PreprocessColumns::Gather(int32_t row, int32_t tap, uint32_t* to) {
  if (IsPreprocessYuv(image_->format)) {
    image_rows::GatherPacked(converted_.data(), column_first_, tap - column_first_[0], width_, to);
  } else {
    const int64_t offset = image_->stride * row;
    image_rows::GatherRow(image_->format, data_ + offset, bytes_ - offset, column_first_, tap, width_, to);
  }
  return to;
}

void PreprocessRow::Compute(int64_t y, int channel, float* to) {
  const int64_t count = columns_.image().width;
  const image_rows::Affine by{arguments_.multiply[channel], arguments_.add[channel]};
  const int color = arguments_.is_blue_first ? 2 - channel : channel;
  const int32_t first = columns_.FirstRow(y), taps = columns_.image().row_taps;
  const bool is_mixed = arguments_.channels == 1 && !columns_.is_gray();
  if (taps == 1 && !is_mixed) {
    image_rows::FinishRow1(columns_.Plane(first, color), columns_.RowWeight(y, 0), by, count, to);
  } else if (taps == 2 && !is_mixed) {
    const float* const rows[2] = {columns_.Plane(first, color), columns_.Plane(first + 1, color)};
    const float weights[2] = {columns_.RowWeight(y, 0), columns_.RowWeight(y, 1)};
    image_rows::FinishRow2(rows, weights, by, count, to);
  } else {
    if (channel == 0) Sum(y);
    float* const sums[3] = {sums_.data(), sums_.data() + count, sums_.data() + 2 * count};
    if (is_mixed) image_rows::GrayRow(sums, count, sums[0]);
    image_rows::FinishRow(sums[columns_.is_gray() ? 0 : color], by, count, to);
  }
}

void PreprocessRow::Sum(int64_t y) {
  const int64_t count = columns_.image().width;
  const int32_t first = columns_.FirstRow(y);
  for (int32_t tap = 0; tap < columns_.image().row_taps; ++tap) {
    const auto add = tap == 0 ? image_rows::StartRow : image_rows::AddRow;
    for (int color = 0; color < (columns_.is_gray() ? 1 : 3); ++color) {
      add(columns_.Plane(first + tap, color), columns_.RowWeight(y, tap), count,
          sums_.data() + color * count);
    }
  }
}

}  // namespace trtn::ops
