// SPDX-License-Identifier: Apache-2.0
//
// copy_rows_w<bytes>: 256 threads, 4 words each; no shared memory. Addresses, strides and row length are
// multiples of the word.
#include "ops/tensors/copy_rows.h"

#define TRTN_COPY_ROWS(name, Word)                                                   \
  TRTN_KERNEL(name)(trtn::ops::CopyRowsArguments arguments) {                        \
    trtn::ops::CopyRows<Word>(arguments, trtn::gpu::BlockX(), trtn::gpu::ThreadX()); \
  }

TRTN_COPY_ROWS(copy_rows_w1, uint8_t)
TRTN_COPY_ROWS(copy_rows_w2, uint16_t)
TRTN_COPY_ROWS(copy_rows_w4, uint32_t)
TRTN_COPY_ROWS(copy_rows_w8, uint64_t)
TRTN_COPY_ROWS(copy_rows_w16, trtn::ops::Word16)

#undef TRTN_COPY_ROWS
