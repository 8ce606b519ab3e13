// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/error.h"
#include "core/tensor.h"
#include "ops/element.h"

namespace trtn::ops {

/// Stands for the C++ type of an element type in a call of a generic lambda.
template <class T>
struct ElementTag {
  using Type = T;
};

[[noreturn]] inline void RefuseElementType(ElementType type) {
  throw Error("ERR_TRT_RUN_FAILED",
              std::string("An operator cannot work on elements of type ") + ElementTypeName(type) + ".");
}

/// Calls `use(ElementTag<T>{})` with the C++ type of a float32, float16 or bfloat16 tensor, and gives back
/// what it does. Throws ERR_TRT_RUN_FAILED for another type.
template <class Use>
decltype(auto) WithFloatType(ElementType type, Use&& use) {
  switch (type) {
    case ElementType::kFloat32:
      return use(ElementTag<float>{});
    case ElementType::kFloat16:
      return use(ElementTag<Half>{});
    case ElementType::kBFloat16:
      return use(ElementTag<BFloat16>{});
    default:
      RefuseElementType(type);
  }
}

/// As WithFloatType(), for all types whose elements take whole bytes: all but string and those of 4 bits.
template <class Use>
decltype(auto) WithElementType(ElementType type, Use&& use) {
  switch (type) {
    case ElementType::kFloat64:
      return use(ElementTag<double>{});
    case ElementType::kInt8:
      return use(ElementTag<int8_t>{});
    case ElementType::kUInt8:
      return use(ElementTag<uint8_t>{});
    case ElementType::kInt16:
      return use(ElementTag<int16_t>{});
    case ElementType::kUInt16:
      return use(ElementTag<uint16_t>{});
    case ElementType::kInt32:
      return use(ElementTag<int32_t>{});
    case ElementType::kUInt32:
      return use(ElementTag<uint32_t>{});
    case ElementType::kInt64:
      return use(ElementTag<int64_t>{});
    case ElementType::kUInt64:
      return use(ElementTag<uint64_t>{});
    case ElementType::kBool:
      return use(ElementTag<Bool>{});
    case ElementType::kFloat8E4M3:
      return use(ElementTag<Float8E4M3>{});
    case ElementType::kFloat8E5M2:
      return use(ElementTag<Float8E5M2>{});
    default:
      return WithFloatType(type, use);
  }
}

/// Bytes of an element of such a type.
inline size_t ElementBytes(ElementType type) {
  return WithElementType(type, [](auto tag) { return sizeof(typename decltype(tag)::Type); });
}

/// What kernels for a type have at the end of their names: "f32", "f16", "bf16", "u8" and so on.
inline const char* ElementSuffix(ElementType type) {
  switch (type) {
    case ElementType::kFloat32:
      return "f32";
    case ElementType::kFloat16:
      return "f16";
    case ElementType::kBFloat16:
      return "bf16";
    case ElementType::kFloat64:
      return "f64";
    case ElementType::kInt8:
      return "i8";
    case ElementType::kUInt8:
      return "u8";
    case ElementType::kInt16:
      return "i16";
    case ElementType::kUInt16:
      return "u16";
    case ElementType::kInt32:
      return "i32";
    case ElementType::kUInt32:
      return "u32";
    case ElementType::kInt64:
      return "i64";
    case ElementType::kUInt64:
      return "u64";
    case ElementType::kBool:
      return "bool";
    case ElementType::kFloat8E4M3:
      return "e4m3";
    case ElementType::kFloat8E5M2:
      return "e5m2";
    default:
      RefuseElementType(type);
  }
}

}  // namespace trtn::ops
