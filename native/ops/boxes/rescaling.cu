// SPDX-License-Identifier: Apache-2.0
#include "ops/boxes/rescaling.h"

namespace trtn::ops {
namespace rescaling {

/// Four neighbouring pixels, as one word where all are there and the address allows it.
template <class T>
TRTN_HD void WriteMaskPixels(const MaskArguments& arguments, int64_t first) {
  const int64_t count = arguments.masks * arguments.height * arguments.width;
  // Divided once: most pixels are outside of their box, and cost nothing else.
  uint64_t rest = static_cast<uint64_t>(first);
  int64_t x = static_cast<int64_t>(TakeCoordinate(rest, static_cast<uint64_t>(arguments.width)));
  int64_t y = static_cast<int64_t>(TakeCoordinate(rest, static_cast<uint64_t>(arguments.height)));
  int64_t mask = static_cast<int64_t>(rest);
  uint8_t values[kMaskPixels];
  TRTN_UNROLL
  for (int64_t at = 0; at < kMaskPixels; at++) {
    values[at] = first + at < count ? MaskPixel<T>(arguments, mask, y, x) : static_cast<uint8_t>(0);
    if (++x < arguments.width) continue;
    x = 0;
    if (++y < arguments.height) continue;
    y = 0;
    mask++;
  }
  uint8_t* to = arguments.out + first;
  if (first + kMaskPixels <= count && reinterpret_cast<uint64_t>(to) % kMaskPixels == 0) {
    *reinterpret_cast<uint32_t*>(to) =
        static_cast<uint32_t>(values[0]) | static_cast<uint32_t>(values[1]) << 8 |
        static_cast<uint32_t>(values[2]) << 16 | static_cast<uint32_t>(values[3]) << 24;
    return;
  }
  for (int64_t at = 0; at < kMaskPixels && first + at < count; at++) to[at] = values[at];
}

}  // namespace rescaling
}  // namespace trtn::ops

using namespace trtn::ops;  // NOLINT: kernels have names without a namespace

// Grid: numbers in x.
TRTN_KERNEL(rescale_coordinates)(trtn::ops::RescaleArguments arguments) {
  const int64_t index = static_cast<int64_t>(trtn::gpu::BlockX()) * kRescaleThreads + trtn::gpu::ThreadX();
  if (index < arguments.count) arguments.out[index] = RescaledValue(arguments, index);
}

// Grid: words of four pixels in x.
#define TRTN_MASK_KERNEL(name, type)                                                                         \
  TRTN_KERNEL(name)(trtn::ops::MaskArguments arguments) {                                                    \
    const int64_t word = static_cast<int64_t>(trtn::gpu::BlockX()) * kRescaleThreads + trtn::gpu::ThreadX(); \
    if (word * kMaskPixels >= arguments.masks * arguments.height * arguments.width) return;                  \
    rescaling::WriteMaskPixels<type>(arguments, word * kMaskPixels);                                         \
  }

TRTN_MASK_KERNEL(rescale_masks_float32, float)
TRTN_MASK_KERNEL(rescale_masks_float16, Half)
TRTN_MASK_KERNEL(rescale_masks_bfloat16, BFloat16)
