// SPDX-License-Identifier: Apache-2.0
//
// quantize_<from>_<to> and dequantize_<from>_<to>: 256 threads, groups of 16 bytes; no shared memory. The
// scales of channels come from a table that the caches hold.
#include "ops/tensors/quantize.h"

#define TRTN_QUANTIZE(name, From, To, Map)                                                \
  TRTN_KERNEL(name)(trtn::ops::QuantizeArguments arguments) {                             \
    using namespace trtn::ops;                                                            \
    quantize::Elements<From, To, quantize::Map<From, To>>(arguments, trtn::gpu::BlockX(), \
                                                          trtn::gpu::ThreadX());          \
  }

TRTN_QUANTIZE(quantize_f32_i8, float, int8_t, QuantizeMap)
TRTN_QUANTIZE(quantize_f32_u8, float, uint8_t, QuantizeMap)
TRTN_QUANTIZE(quantize_f16_i8, Half, int8_t, QuantizeMap)
TRTN_QUANTIZE(quantize_f16_u8, Half, uint8_t, QuantizeMap)
TRTN_QUANTIZE(quantize_bf16_i8, BFloat16, int8_t, QuantizeMap)
TRTN_QUANTIZE(quantize_bf16_u8, BFloat16, uint8_t, QuantizeMap)
TRTN_QUANTIZE(dequantize_i8_f32, int8_t, float, DequantizeMap)
TRTN_QUANTIZE(dequantize_i8_f16, int8_t, Half, DequantizeMap)
TRTN_QUANTIZE(dequantize_i8_bf16, int8_t, BFloat16, DequantizeMap)
TRTN_QUANTIZE(dequantize_u8_f32, uint8_t, float, DequantizeMap)
TRTN_QUANTIZE(dequantize_u8_f16, uint8_t, Half, DequantizeMap)
TRTN_QUANTIZE(dequantize_u8_bf16, uint8_t, BFloat16, DequantizeMap)

#undef TRTN_QUANTIZE
