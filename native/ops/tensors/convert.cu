// SPDX-License-Identifier: Apache-2.0
//
// convert_<from>_<to>: pairs around a model, in groups of 16 bytes. convert_any: all others, an element at a
// time, the types chosen by branches that all threads take alike. 256 threads, no shared memory.
#include "ops/tensors/convert.h"
#include "ops/tensors/packs.h"

namespace trtn::ops::convert {

template <class From, class To>
struct Mapper {
  ConvertArguments arguments;
  // All elements are treated alike, wherever they are.
  TRTN_HD int Begin(int64_t) const { return 0; }
  TRTN_HD void Step(int&) const {}
  TRTN_HD To operator()(From x, int) const { return ConvertOne<From, To>(x, arguments); }
};

template <class From, class To>
TRTN_HD void Pair(const ConvertArguments& arguments, uint32_t block, uint32_t thread) {
  MapGroups(static_cast<const From*>(arguments.from), static_cast<To*>(arguments.to), arguments.count,
            arguments.aligned != 0, block, thread, Mapper<From, To>{arguments});
}

/// A number of any type, in the one member that `kind` says.
struct Carried {
  float small;
  double medium;
  Wide wide;
  int kind;
};

template <class To>
TRTN_HD To FromCarried(const Carried& x, const ConvertArguments& arguments) {
  if (arguments.scaled != 0) return Scaled<To>(x.small, arguments.scale, arguments.zero_point);
  if (x.kind == 0) return FromCarrier<To>(x.small);
  return x.kind == 1 ? FromCarrier<To>(x.medium) : FromCarrier<To>(x.wide);
}

TRTN_HD void Carry(Carried& to, float x) { to.small = x; }
TRTN_HD void Carry(Carried& to, double x) {
  to.medium = x;
  to.kind = 1;
}
TRTN_HD void Carry(Carried& to, Wide x) {
  to.wide = x;
  to.kind = 2;
}

template <class From>
TRTN_HD void Read(Carried& to, const ConvertArguments& arguments, int64_t index) {
  const From x = static_cast<const From*>(arguments.from)[index];
  to.kind = 0;
  if (arguments.scaled != 0) {
    to.small = ToFloat(x);
  } else {
    Carry(to, ToCarrier(x));
  }
}

template <class To>
TRTN_HD void Write(const Carried& x, const ConvertArguments& arguments, int64_t index) {
  static_cast<To*>(arguments.to)[index] = FromCarried<To>(x, arguments);
}

#define TRTN_FOR_EACH_TYPE(DO) \
  DO(kFloat32, float)          \
  DO(kFloat16, Half)           \
  DO(kBFloat16, BFloat16)      \
  DO(kFloat64, double)         \
  DO(kInt8, int8_t)            \
  DO(kUInt8, uint8_t)          \
  DO(kInt16, int16_t)          \
  DO(kUInt16, uint16_t)        \
  DO(kInt32, int32_t)          \
  DO(kUInt32, uint32_t)        \
  DO(kInt64, int64_t)          \
  DO(kUInt64, uint64_t)        \
  DO(kBool, Bool)              \
  DO(kFloat8E4M3, Float8E4M3)  \
  DO(kFloat8E5M2, Float8E5M2)

TRTN_HD void Any(const ConvertArguments& arguments, int64_t index) {
  Carried x{};
  switch (arguments.from_type) {
#define TRTN_READ(code, type)        \
  case ElementCode::code:            \
    Read<type>(x, arguments, index); \
    break;
    TRTN_FOR_EACH_TYPE(TRTN_READ)
    default:
      return;
  }
  switch (arguments.to_type) {
#define TRTN_WRITE(code, type)        \
  case ElementCode::code:             \
    Write<type>(x, arguments, index); \
    break;
    TRTN_FOR_EACH_TYPE(TRTN_WRITE)
    default:
      return;
  }
}

#undef TRTN_READ
#undef TRTN_WRITE
#undef TRTN_FOR_EACH_TYPE

}  // namespace trtn::ops::convert

#define TRTN_CONVERT(name, From, To)                                               \
  TRTN_KERNEL(name)(trtn::ops::ConvertArguments arguments) {                       \
    using namespace trtn::ops;                                                     \
    convert::Pair<From, To>(arguments, trtn::gpu::BlockX(), trtn::gpu::ThreadX()); \
  }

TRTN_CONVERT(convert_f32_f16, float, Half)
TRTN_CONVERT(convert_f32_bf16, float, BFloat16)
TRTN_CONVERT(convert_f32_i8, float, int8_t)
TRTN_CONVERT(convert_f32_u8, float, uint8_t)
TRTN_CONVERT(convert_f16_f32, Half, float)
TRTN_CONVERT(convert_f16_bf16, Half, BFloat16)
TRTN_CONVERT(convert_f16_i8, Half, int8_t)
TRTN_CONVERT(convert_f16_u8, Half, uint8_t)
TRTN_CONVERT(convert_bf16_f32, BFloat16, float)
TRTN_CONVERT(convert_bf16_f16, BFloat16, Half)
TRTN_CONVERT(convert_bf16_i8, BFloat16, int8_t)
TRTN_CONVERT(convert_bf16_u8, BFloat16, uint8_t)
TRTN_CONVERT(convert_i8_f32, int8_t, float)
TRTN_CONVERT(convert_i8_f16, int8_t, Half)
TRTN_CONVERT(convert_i8_bf16, int8_t, BFloat16)
TRTN_CONVERT(convert_u8_f32, uint8_t, float)
TRTN_CONVERT(convert_u8_f16, uint8_t, Half)
TRTN_CONVERT(convert_u8_bf16, uint8_t, BFloat16)

#undef TRTN_CONVERT

TRTN_KERNEL(convert_any)(trtn::ops::ConvertArguments arguments) {
  using namespace trtn::ops;
  const int64_t first = static_cast<int64_t>(trtn::gpu::BlockX()) * kMoverThreads * kMoverUnroll;
  for (uint32_t round = 0; round < kMoverUnroll; round++) {
    const int64_t index = first + round * kMoverThreads + trtn::gpu::ThreadX();
    if (index < arguments.count) convert::Any(arguments, index);
  }
}
