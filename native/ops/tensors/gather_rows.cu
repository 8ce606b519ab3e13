// SPDX-License-Identifier: Apache-2.0
//
// gather_rows_w<bytes>: 256 threads, 4 words each; no shared memory.
#include "ops/tensors/gather_rows.h"

#define TRTN_GATHER_ROWS(name, Word)                                                     \
  TRTN_KERNEL(name)(trtn::ops::GatherRowsArguments arguments) {                          \
    trtn::ops::gather::Rows<Word>(arguments, trtn::gpu::BlockX(), trtn::gpu::ThreadX()); \
  }

TRTN_GATHER_ROWS(gather_rows_w1, uint8_t)
TRTN_GATHER_ROWS(gather_rows_w2, uint16_t)
TRTN_GATHER_ROWS(gather_rows_w4, uint32_t)
TRTN_GATHER_ROWS(gather_rows_w8, uint64_t)
TRTN_GATHER_ROWS(gather_rows_w16, trtn::ops::Word16)

#undef TRTN_GATHER_ROWS
