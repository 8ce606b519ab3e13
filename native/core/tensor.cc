// SPDX-License-Identifier: Apache-2.0
#include "core/tensor.h"

#include <array>
#include <limits>

#include "core/error.h"

namespace trtn {
namespace {

struct TypeFacts {
  const char* name;
  size_t bits;
};

// In the order of ElementType.
constexpr std::array<TypeFacts, 20> kTypes = {{
    {"float32", 32},   {"float16", 16}, {"bfloat16", 16}, {"float64", 64},   {"int8", 8},
    {"uint8", 8},      {"int16", 16},   {"uint16", 16},   {"int32", 32},     {"uint32", 32},
    {"int64", 64},     {"uint64", 64},  {"bool", 8},      {"string", 0},     {"float8e4m3", 8},
    {"float8e5m2", 8}, {"int4", 4},     {"uint4", 4},     {"float4e2m1", 4}, {"unknown", 0},
}};
static_assert(kTypes.size() == static_cast<size_t>(ElementType::kUnknown) + 1);

const TypeFacts& Facts(ElementType type) {
  const auto index = static_cast<size_t>(type);
  return kTypes[index < kTypes.size() ? index : kTypes.size() - 1];
}

[[noreturn]] void ThrowTooBig() {
  throw Error("ERR_TRT_ARG_VALUE", "The dimensions describe more bytes than memory can hold.");
}

}  // namespace

const char* ElementTypeName(ElementType type) { return Facts(type).name; }

size_t ElementBits(ElementType type) { return Facts(type).bits; }

size_t ElementCount(const std::vector<int64_t>& dims) {
  // A zero anywhere means no element, whatever the others are.
  for (int64_t dim : dims) {
    if (dim < 0)
      throw Error("ERR_TRT_ARG_VALUE", "A dimension is negative: it must be known to count elements.");
    if (dim == 0) return 0;
  }
  size_t count = 1;
  for (int64_t dim : dims) {
    if (count > std::numeric_limits<size_t>::max() / static_cast<uint64_t>(dim)) ThrowTooBig();
    count *= static_cast<size_t>(dim);
  }
  return count;
}

size_t TensorBytes(ElementType type, const std::vector<int64_t>& dims) {
  const size_t bits = ElementBits(type);
  if (bits == 0) {
    throw Error("ERR_TRT_ARG_TYPE",
                std::string("Elements of type ") + ElementTypeName(type) + " have no fixed size.");
  }
  const size_t count = ElementCount(dims);
  if (count > (std::numeric_limits<size_t>::max() - 7) / bits) ThrowTooBig();
  return (count * bits + 7) / 8;
}

}  // namespace trtn
