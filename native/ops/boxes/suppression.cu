// SPDX-License-Identifier: Apache-2.0
#include "ops/boxes/suppression.h"

namespace trtn::ops {
namespace nms {

/// Keys that take part in sorting: a power of two of at least one tile.
TRTN_HD int64_t SortedKeys(int64_t found) {
  int64_t length = kNmsSortTile;
  while (length < found) length *= 2;
  return length;
}

TRTN_HD void Order(uint64_t* low, uint64_t* high) {
  const uint64_t first = *low, second = *high;
  if (first <= second) return;
  *low = second;
  *high = first;
}

/// The first of a pair, where blocks of `2 * half` keys are compared at the distance `half`.
TRTN_HD int64_t FirstOfPair(int64_t pair, int64_t half) {
  const int64_t offset = pair & (half - 1);
  return (pair - offset) * 2 + offset;
}

/// The second, where the halves of a block are two sorted sequences: mirrored.
TRTN_HD int64_t MirroredSecond(int64_t pair, int64_t half) {
  const int64_t offset = pair & (half - 1);
  return (pair - offset) * 2 + 2 * half - 1 - offset;
}

}  // namespace nms
}  // namespace trtn::ops

using namespace trtn::ops;  // NOLINT: kernels have names without a namespace

// Grid: results in x, images in y.
TRTN_KERNEL(nms_begin)(trtn::ops::NmsArguments arguments) {
  const int64_t image = trtn::gpu::BlockY();
  const int64_t slot = static_cast<int64_t>(trtn::gpu::BlockX()) * kNmsThreads + trtn::gpu::ThreadX();
  if (slot < arguments.max_output) WriteNoResult(arguments, image, slot);
  if (slot != 0) return;
  arguments.out_counts[image] = 0;
  arguments.found[image] = 0;
}

// Grid: boxes, or boxes times classes, in x; images in y.
TRTN_KERNEL(nms_collect)(trtn::ops::NmsArguments arguments) {
  const int64_t image = trtn::gpu::BlockY();
  const int64_t index = static_cast<int64_t>(trtn::gpu::BlockX()) * kNmsThreads + trtn::gpu::ThreadX();
  const int64_t labels = arguments.class_source == NmsClasses::kEach ? arguments.class_count : 1;
  if (index >= arguments.anchors * labels) return;
  const float score = arguments.scores[image * arguments.anchors * labels + index];
  if (!(score > arguments.score_threshold)) return;
  const int64_t anchor = image * arguments.anchors + AnchorOf(arguments, index);
  if (HasNan(LoadBox(arguments.boxes + anchor * 4))) return;
  const int slot = trtn::gpu::AtomicAdd(arguments.found + image, 1);
  arguments.keys[image * arguments.capacity + slot] = CandidateKey(score, static_cast<uint64_t>(index));
}

// Grid: boxes in x, images in y. Classes go through shared memory, so that neighbours read neighbours.
TRTN_KERNEL(nms_collect_best)(trtn::ops::NmsArguments arguments) {
  TRTN_SHARED(float, tile, kNmsThreads* kNmsClassRow);
  const int64_t image = trtn::gpu::BlockY();
  const int64_t first = static_cast<int64_t>(trtn::gpu::BlockX()) * kNmsThreads;
  const unsigned thread = trtn::gpu::ThreadX();
  const float* scores = arguments.scores + image * arguments.anchors * arguments.class_count;
  float best = FromBits(kQuietNan);
  int32_t best_class = 0;
  for (int64_t from = 0; from < arguments.class_count; from += kNmsClassTile) {
    for (unsigned element = thread; element < kNmsThreads * kNmsClassTile; element += kNmsThreads) {
      const unsigned row = element / kNmsClassTile, column = element % kNmsClassTile;
      const bool is_inside = first + row < arguments.anchors && from + column < arguments.class_count;
      tile[row * kNmsClassRow + column] =
          is_inside ? scores[(first + row) * arguments.class_count + from + column] : FromBits(kQuietNan);
    }
    trtn::gpu::Barrier();
    for (unsigned column = 0; column < kNmsClassTile; column++) {
      const float score = tile[thread * kNmsClassRow + column];
      if (!IsBetter(score, best)) continue;
      best = score;
      best_class = static_cast<int32_t>(from + column);
    }
    trtn::gpu::Barrier();
  }
  const int64_t anchor = first + thread;
  if (anchor >= arguments.anchors) return;
  const int64_t place = image * arguments.anchors + anchor;
  if (!IsCandidate(best, LoadBox(arguments.boxes + place * 4), arguments.score_threshold)) return;
  arguments.best_classes[place] = best_class;
  const int slot = trtn::gpu::AtomicAdd(arguments.found + image, 1);
  arguments.keys[image * arguments.capacity + slot] = CandidateKey(best, static_cast<uint64_t>(anchor));
}

// Grid: tiles of keys in x, images in y. Keys beyond the candidates are made here: nothing else writes them.
TRTN_KERNEL(nms_sort_tile)(trtn::ops::NmsArguments arguments) {
  TRTN_SHARED(uint64_t, tile, kNmsSortTile);
  const int64_t image = trtn::gpu::BlockY(), found = arguments.found[image];
  const int64_t first = static_cast<int64_t>(trtn::gpu::BlockX()) * kNmsSortTile;
  if (first >= nms::SortedKeys(found)) return;
  uint64_t* keys = arguments.keys + image * arguments.capacity + first;
  const unsigned thread = trtn::gpu::ThreadX();
  for (unsigned at = thread; at < kNmsSortTile; at += kNmsThreads) {
    tile[at] = first + at < found ? keys[at] : kNoCandidate;
  }
  for (unsigned length = 2; length <= kNmsSortTile; length *= 2) {
    for (unsigned half = length / 2; half > 0; half /= 2) {
      trtn::gpu::Barrier();
      for (unsigned pair = thread; pair < kNmsSortTile / 2; pair += kNmsThreads) {
        const int64_t low = nms::FirstOfPair(pair, half);
        nms::Order(tile + low, tile + (half == length / 2 ? nms::MirroredSecond(pair, half) : low + half));
      }
    }
  }
  trtn::gpu::Barrier();
  for (unsigned at = thread; at < kNmsSortTile; at += kNmsThreads) keys[at] = tile[at];
}

// Grid: pairs of keys in x, images in y.
TRTN_KERNEL(nms_sort_step)(trtn::ops::NmsArguments arguments) {
  const int64_t image = trtn::gpu::BlockY();
  if (arguments.sort_length > nms::SortedKeys(arguments.found[image])) return;
  const int64_t pair = static_cast<int64_t>(trtn::gpu::BlockX()) * kNmsThreads + trtn::gpu::ThreadX();
  if (pair >= nms::SortedKeys(arguments.found[image]) / 2) return;
  uint64_t* keys = arguments.keys + image * arguments.capacity;
  const bool is_mirrored = arguments.sort_distance == 0;
  const int64_t half = is_mirrored ? arguments.sort_length / 2 : arguments.sort_distance;
  const int64_t low = nms::FirstOfPair(pair, half);
  nms::Order(keys + low, keys + (is_mirrored ? nms::MirroredSecond(pair, half) : low + half));
}

// Grid: tiles of keys in x, images in y. The distances that fit into a tile.
TRTN_KERNEL(nms_sort_merge)(trtn::ops::NmsArguments arguments) {
  TRTN_SHARED(uint64_t, tile, kNmsSortTile);
  const int64_t image = trtn::gpu::BlockY(), sorted = nms::SortedKeys(arguments.found[image]);
  const int64_t first = static_cast<int64_t>(trtn::gpu::BlockX()) * kNmsSortTile;
  if (arguments.sort_length > sorted || first >= sorted) return;
  uint64_t* keys = arguments.keys + image * arguments.capacity + first;
  const unsigned thread = trtn::gpu::ThreadX();
  for (unsigned at = thread; at < kNmsSortTile; at += kNmsThreads) tile[at] = keys[at];
  for (unsigned half = kNmsSortTile / 2; half > 0; half /= 2) {
    trtn::gpu::Barrier();
    for (unsigned pair = thread; pair < kNmsSortTile / 2; pair += kNmsThreads) {
      const int64_t low = nms::FirstOfPair(pair, half);
      nms::Order(tile + low, tile + low + half);
    }
  }
  trtn::gpu::Barrier();
  for (unsigned at = thread; at < kNmsSortTile; at += kNmsThreads) keys[at] = tile[at];
}
