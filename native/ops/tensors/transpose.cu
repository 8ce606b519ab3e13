// SPDX-License-Identifier: Apache-2.0
//
// transpose_gather_w<bytes>: 256 threads, 4 words each; no shared memory.
// transpose_tile_w<bytes>: 256 threads, a tile of up to 4,160 elements (1,056 of 8 bytes): 4 to 17 KB of
// shared memory.
#include "ops/tensors/transpose.h"

#define TRTN_GATHER(name, Word)                                                               \
  TRTN_KERNEL(name)(trtn::ops::TransposeGatherArguments arguments) {                          \
    trtn::ops::transpose::Gather<Word>(arguments, trtn::gpu::BlockX(), trtn::gpu::ThreadX()); \
  }

#define TRTN_TILE(name, Word)                                                       \
  TRTN_KERNEL(name)(trtn::ops::TransposeTileArguments arguments) {                  \
    using namespace trtn::ops;                                                      \
    TRTN_SHARED(Word, shared, kTileOf<Word>);                                       \
    const transpose::Tile tile = transpose::TileAt(arguments, trtn::gpu::BlockX()); \
    transpose::LoadTile(arguments, tile, trtn::gpu::ThreadX(), shared);             \
    trtn::gpu::Barrier();                                                           \
    transpose::StoreTile(arguments, tile, trtn::gpu::ThreadX(), shared);            \
  }

TRTN_GATHER(transpose_gather_w1, uint8_t)
TRTN_GATHER(transpose_gather_w2, uint16_t)
TRTN_GATHER(transpose_gather_w4, uint32_t)
TRTN_GATHER(transpose_gather_w8, uint64_t)
TRTN_GATHER(transpose_gather_w16, trtn::ops::Word16)

TRTN_TILE(transpose_tile_w1, uint8_t)
TRTN_TILE(transpose_tile_w2, uint16_t)
TRTN_TILE(transpose_tile_w4, uint32_t)
TRTN_TILE(transpose_tile_w8, uint64_t)

#undef TRTN_GATHER
#undef TRTN_TILE
