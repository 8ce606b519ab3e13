// SPDX-License-Identifier: Apache-2.0
//
// pad_w<bytes>: 256 threads, 4 words each; no shared memory.
#include "ops/tensors/pad.h"

#define TRTN_PAD(name, Word)                                                           \
  TRTN_KERNEL(name)(trtn::ops::PadArguments arguments) {                               \
    trtn::ops::pad::Words<Word>(arguments, trtn::gpu::BlockX(), trtn::gpu::ThreadX()); \
  }

TRTN_PAD(pad_w1, uint8_t)
TRTN_PAD(pad_w2, uint16_t)
TRTN_PAD(pad_w4, uint32_t)
TRTN_PAD(pad_w8, uint64_t)
TRTN_PAD(pad_w16, trtn::ops::Word16)

#undef TRTN_PAD
