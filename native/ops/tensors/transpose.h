// SPDX-License-Identifier: Apache-2.0
//
// Axes in another order. Two ways, both moving each byte once:
//   gather: the last axis stays the last. Runs of it are copied, in words as wide as they allow.
//   tiles:  another axis (A) becomes the last one. A tile of A by the input's last axis (B) is read along B
//   and
//           written along A, and turns in shared memory in between. On a GPU not where both axes are so short
//           that a block would have less than an element for each thread: caches hold what single elements
//           are gathered from.
#pragma once

#include <stdint.h>

#include "ops/prelude.h"
#include "ops/tensors/words.h"

namespace trtn::ops {

constexpr int32_t kMaxTransposeRank = 8;
/// Elements of a tile in shared memory, padding included: 64 by 64, of 8-byte elements 32 by 32.
constexpr uint32_t kTileElements = 64 * 65;
constexpr uint32_t kWideTileElements = 32 * 33;

template <class Word>
constexpr uint32_t kTileOf = sizeof(Word) == 8 ? kWideTileElements : kTileElements;

/// In words.
struct TransposeGatherArguments {
  const void* from;
  void* to;
  uint64_t count;
  int32_t rank, reserved;
  /// Of the output's axes, outermost first.
  uint64_t dims[kMaxTransposeRank], from_strides[kMaxTransposeRank];
};

/// In elements.
struct TransposeTileArguments {
  const void* from;
  void* to;
  uint64_t dim_a, dim_b;
  /// A's distance in the input and B's in the output; B's in the input and A's in the output are 1.
  uint64_t from_stride_a, to_stride_b;
  uint64_t tiles_a, tiles_b;
  uint32_t tile_a, tile_b;
  /// Distance of A's elements in shared memory: odd, so that threads that write along A use different banks.
  uint32_t pitch;
  /// Reciprocal() of tile_a and tile_b.
  uint32_t reciprocal_a, reciprocal_b;
  /// The other axes.
  int32_t batch_rank;
  uint64_t batch_dims[kMaxTransposeRank], batch_from[kMaxTransposeRank], batch_to[kMaxTransposeRank];
};

namespace transpose {

/// For Divide(); of 2 or more.
TRTN_HD uint32_t Reciprocal(uint32_t divisor) { return static_cast<uint32_t>(0x100000000u / divisor + 1); }

/// index / divisor for an index of at most 16 bits: a multiplication.
TRTN_HD uint32_t Divide(uint32_t index, uint32_t reciprocal) {
  return static_cast<uint32_t>((static_cast<uint64_t>(index) * reciprocal) >> 32);
}

TRTN_HD uint64_t FromOffset(const TransposeGatherArguments& a, uint64_t index) {
  uint64_t offset = 0;
  for (int32_t axis = a.rank - 1; axis >= 0; axis--) {
    offset += TakeCoordinate(index, a.dims[axis]) * a.from_strides[axis];
  }
  return offset;
}

/// What one thread of the gathering kernel does.
template <class Word>
TRTN_HD void Gather(const TransposeGatherArguments& a, uint32_t block, uint32_t thread) {
  for (uint32_t round = 0; round < kMoverUnroll; round++) {
    const uint64_t index = (static_cast<uint64_t>(block) * kMoverUnroll + round) * kMoverThreads + thread;
    if (index >= a.count) return;
    static_cast<Word*>(a.to)[index] = static_cast<const Word*>(a.from)[FromOffset(a, index)];
  }
}

/// Where a tile lies.
struct Tile {
  uint64_t from, to;
  /// What of it is inside the tensor.
  uint32_t count_a, count_b;
};

TRTN_HD uint32_t AtMost(uint64_t count, uint32_t limit) {
  return count < limit ? static_cast<uint32_t>(count) : limit;
}

TRTN_HD Tile TileAt(const TransposeTileArguments& a, uint64_t number) {
  const uint64_t first_b = TakeCoordinate(number, a.tiles_b) * a.tile_b;
  const uint64_t first_a = TakeCoordinate(number, a.tiles_a) * a.tile_a;
  Tile tile;
  tile.from = first_a * a.from_stride_a + first_b;
  tile.to = first_b * a.to_stride_b + first_a;
  tile.count_a = AtMost(a.dim_a - first_a, a.tile_a);
  tile.count_b = AtMost(a.dim_b - first_b, a.tile_b);
  for (int32_t axis = a.batch_rank - 1; axis >= 0; axis--) {
    const uint64_t coordinate = TakeCoordinate(number, a.batch_dims[axis]);
    tile.from += coordinate * a.batch_from[axis];
    tile.to += coordinate * a.batch_to[axis];
  }
  return tile;
}

/// What one thread does before the barrier.
template <class Word>
TRTN_HD void LoadTile(const TransposeTileArguments& a, const Tile& tile, uint32_t thread, Word* shared) {
  const Word* from = static_cast<const Word*>(a.from) + tile.from;
  for (uint32_t i = thread; i < a.tile_a * a.tile_b; i += kMoverThreads) {
    const uint32_t at_a = Divide(i, a.reciprocal_b), at_b = i - at_a * a.tile_b;
    if (at_a < tile.count_a && at_b < tile.count_b)
      shared[at_a * a.pitch + at_b] = from[at_a * a.from_stride_a + at_b];
  }
}

/// What one thread does after it.
template <class Word>
TRTN_HD void StoreTile(const TransposeTileArguments& a, const Tile& tile, uint32_t thread,
                       const Word* shared) {
  Word* to = static_cast<Word*>(a.to) + tile.to;
  for (uint32_t i = thread; i < a.tile_a * a.tile_b; i += kMoverThreads) {
    const uint32_t at_b = Divide(i, a.reciprocal_a), at_a = i - at_b * a.tile_a;
    if (at_a < tile.count_a && at_b < tile.count_b)
      to[at_b * a.to_stride_b + at_a] = shared[at_a * a.pitch + at_b];
  }
}

}  // namespace transpose
}  // namespace trtn::ops
