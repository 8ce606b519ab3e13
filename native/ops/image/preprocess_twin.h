// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "ops/image/preprocess.h"
#include "ops/image/preprocess_rows.h"
#include "ops/operator.h"
#include "ops/workers.h"

namespace trtn::ops {

/// Rows of one image that are resized along x, the latest ones kept: the outputs of the next row need most of
/// them.
class PreprocessColumns {
 public:
  PreprocessColumns(const PreprocessArguments& arguments, int64_t index, int64_t bytes);

  /// As wide as the image's place; one plane for gray images, else red, green and blue.
  const float* Plane(int32_t row, int channel) {
    Fill(row);
    return cache_.data() + (row % slots_) * row_floats_ + std::min(channel, planes_ - 1) * width_;
  }
  const PreprocessImage& image() const { return *image_; }
  bool is_gray() const { return planes_ == 1; }
  int32_t FirstRow(int64_t output) const { return row_first_[output]; }
  float RowWeight(int64_t output, int64_t tap) const { return row_weights_[tap * image_->height + output]; }

 private:
  void Fill(int32_t row);
  void Resize(int32_t row, float* const planes[3]);
  const uint32_t* Gather(int32_t row, int32_t tap, uint32_t* to);

  const PreprocessImage* image_;
  const uint8_t* data_;
  int64_t bytes_;
  int64_t width_;
  int planes_;
  bool clamps_rows_;
  const int32_t *column_first_, *row_first_;
  const float *column_weights_, *row_weights_;
  int64_t slots_, row_floats_;
  std::vector<float> cache_;
  std::vector<int32_t> row_in_slot_;
  std::vector<uint32_t> gathered_, converted_;
};

/// One output row of an image at a time, as floats.
class PreprocessRow {
 public:
  PreprocessRow(const PreprocessArguments& arguments, PreprocessColumns& columns)
      : arguments_(arguments), columns_(columns), sums_(static_cast<size_t>(columns.image().width) * 3) {}

  /// Normalised outputs of a channel of row `y` of the image's place. All channels of a row, in order.
  void Compute(int64_t y, int channel, float* to);

 private:
  /// All colours of a row at once: the cache may not hold all rows of an output.
  void Sum(int64_t y);

  const PreprocessArguments& arguments_;
  PreprocessColumns& columns_;
  std::vector<float> sums_;
};

/// Writes rows [begin, end) of all images' rows one after the other.
template <class Element>
void PreprocessRows(const PreprocessArguments& to, const OperatorMemory& memory, int64_t begin, int64_t end) {
  const int64_t pixels = static_cast<int64_t>(to.width) * to.height;
  const int64_t step = to.is_channels_last ? to.channels : 1;
  std::vector<float> floats;
  for (int64_t row = begin; row < end;) {
    const int64_t index = row / to.height, last = std::min(end, (index + 1) * to.height);
    PreprocessColumns columns(to, index,
                              static_cast<int64_t>(memory.inputs[static_cast<size_t>(index)].bytes));
    PreprocessRow resized(to, columns);
    const PreprocessImage& image = columns.image();
    floats.resize(static_cast<size_t>(image.width));
    for (; row < last; ++row) {
      const int64_t y = row - index * to.height - image.top;
      const bool is_fill = y < 0 || y >= image.height;
      const int64_t left = is_fill ? to.width : image.left, width = is_fill ? 0 : image.width;
      for (int channel = 0; channel < to.channels; ++channel) {
        const int64_t line = (row - index * to.height) * to.width;
        Element* output = reinterpret_cast<Element*>(to.output) +
                          (to.is_channels_last ? (index * pixels + line) * to.channels + channel
                                               : (index * to.channels + channel) * pixels + line);
        const Element fill = FromFloat<Element>(to.fill[channel]);
        for (int64_t x = 0; x < left; ++x) output[x * step] = fill;
        for (int64_t x = left + width; x < to.width; ++x) output[x * step] = fill;
        if (is_fill) continue;
        if constexpr (std::is_same_v<Element, float>) {
          if (step == 1) {
            resized.Compute(y, channel, output + left);
            continue;
          }
        }
        resized.Compute(y, channel, floats.data());
        image_rows::WriteRow(floats.data(), width, step, output + left * step);
      }
    }
  }
}

template <class Element>
void RunPreprocessTwin(const PreprocessArguments& to, const OperatorMemory& memory, Workers& workers) {
  // Some hundred thousand outputs a piece: each starts with rows that the one before it had too.
  const int64_t grain = std::max<int64_t>(1, (1 << 16) / (static_cast<int64_t>(to.width) * to.channels));
  workers.ParallelFor(to.images * to.height, grain,
                      [&](int64_t begin, int64_t end) { PreprocessRows<Element>(to, memory, begin, end); });
}

}  // namespace trtn::ops
