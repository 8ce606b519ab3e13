// SPDX-License-Identifier: Apache-2.0
#include "ops/boxes/decoding.h"

namespace trtn::ops {
namespace decoding {

/// The boxes of a block.
struct BlockRange {
  int64_t image, first;
};

/// Grid: blocks of boxes in x, images in y.
TRTN_HD BlockRange RangeOf(unsigned block_x, unsigned block_y) {
  return {static_cast<int64_t>(block_y), static_cast<int64_t>(block_x) * kDecodeThreads};
}

/// Channels [channel, channel + 16) of the block's boxes, a row for each box; NaN beyond boxes and `end`.
template <class T>
TRTN_HD void LoadTile(const DecodeArguments& arguments, const BlockRange& range, int64_t channel, int64_t end,
                      unsigned thread, float* tile) {
  const T* head = static_cast<const T*>(arguments.head) + range.image * arguments.count * arguments.channels;
  for (unsigned element = thread; element < kDecodeThreads * kDecodeTile; element += kDecodeThreads) {
    const bool by_box = arguments.is_channels_first != 0;
    const unsigned row = by_box ? element % kDecodeThreads : element / kDecodeTile;
    const unsigned column = by_box ? element / kDecodeThreads : element % kDecodeTile;
    const int64_t box = range.first + row, from = channel + column;
    const bool is_inside = box < arguments.count && from < end;
    const int64_t place = by_box ? from * arguments.count + box : box * arguments.channels + from;
    tile[row * kDecodeRow + column] = is_inside ? ToFloat(head[place]) : FromBits(kQuietNan);
  }
}

TRTN_HD void StoreBox(float* to, const BoxCorners& box) {
  to[0] = box.x1;
  to[1] = box.y1;
  to[2] = box.x2;
  to[3] = box.y2;
}

/// All classes of a tile, from shared memory in the order of the output.
TRTN_HD void StoreScores(const DecodeArguments& arguments, const BlockRange& range, int64_t from,
                         unsigned thread, const float* tile) {
  for (unsigned element = thread; element < kDecodeThreads * kDecodeTile; element += kDecodeThreads) {
    const unsigned row = element / kDecodeTile, column = element % kDecodeTile;
    const int64_t box = range.first + row, label = from + column;
    if (box >= arguments.count || label >= arguments.class_count) continue;
    arguments.scores[(range.image * arguments.count + box) * arguments.class_count + label] =
        tile[row * kDecodeRow + column];
  }
}

/// What a block does.
template <class T>
TRTN_DEVICE void DecodeBlock(const DecodeArguments& arguments, float* tile) {
  const BlockRange range = RangeOf(gpu::BlockX(), gpu::BlockY());
  const unsigned thread = gpu::ThreadX();
  const int64_t index = range.first + thread, place = range.image * arguments.count + index;
  const bool is_there = index < arguments.count, is_sigmoid = arguments.is_sigmoid != 0;
  float* row = tile + thread * kDecodeRow;
  LoadTile<T>(arguments, range, 0, arguments.has_objectness ? 5 : 4, thread, tile);
  gpu::Barrier();
  const float objectness = arguments.has_objectness ? Probability(is_sigmoid, row[4]) : 1.0f;
  if (is_there) StoreBox(arguments.boxes + place * 4, DecodeBox(arguments, index, row));
  float best = FromBits(kQuietNan);
  int32_t best_class = 0;
  for (int64_t from = 0; from < arguments.class_count; from += kDecodeTile) {
    gpu::Barrier();
    LoadTile<T>(arguments, range, arguments.first_class + from, arguments.first_class + arguments.class_count,
                thread, tile);
    gpu::Barrier();
    for (unsigned column = 0; column < kDecodeTile; column++) {
      if (arguments.classes == nullptr) {
        row[column] = ScoreOf(arguments, row[column], objectness);
      } else if (IsBetter(row[column], best)) {
        best = row[column];
        best_class = static_cast<int32_t>(from + column);
      }
    }
    if (arguments.classes != nullptr) continue;
    gpu::Barrier();
    StoreScores(arguments, range, from, thread, tile);
  }
  if (!is_there || arguments.classes == nullptr) return;
  arguments.scores[place] = ScoreOf(arguments, best, objectness);
  arguments.classes[place] = best_class;
}

}  // namespace decoding
}  // namespace trtn::ops

using namespace trtn::ops;  // NOLINT: kernels have names without a namespace

#define TRTN_DECODE_KERNEL(name, type)                      \
  TRTN_KERNEL(name)(trtn::ops::DecodeArguments arguments) { \
    TRTN_SHARED(float, tile, kDecodeThreads* kDecodeRow);   \
    decoding::DecodeBlock<type>(arguments, tile);           \
  }

TRTN_DECODE_KERNEL(decode_boxes_float32, float)
TRTN_DECODE_KERNEL(decode_boxes_float16, Half)
TRTN_DECODE_KERNEL(decode_boxes_bfloat16, BFloat16)
