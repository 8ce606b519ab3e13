// SPDX-License-Identifier: Apache-2.0
#include "ops/tensors/convert.h"

#include <algorithm>
#include <string>

#include "ops/element_dispatch.h"
#include "ops/simd.h"
#include "ops/tensors/packs.h"
#include "ops/tensors/tensor_operators.h"

namespace trtn::ops {
namespace {

static_assert(static_cast<int>(ElementCode::kUInt64) == static_cast<int>(ElementType::kUInt64) &&
              static_cast<int>(ElementCode::kBool) == static_cast<int>(ElementType::kBool) &&
              static_cast<int>(ElementCode::kFloat8E5M2) == static_cast<int>(ElementType::kFloat8E5M2));

/// Elements that travel together from one type to the carrier and on: both stay in the fastest cache.
constexpr int64_t kConvertChunk = 1024;

template <class From, class To>
void CarryAll(const From* TRTN_RESTRICT from, To* TRTN_RESTRICT to, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = convert::ToCarrier(from[i]);
}

template <class From>
void ReadAll(const From* TRTN_RESTRICT from, float* TRTN_RESTRICT to, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = ToFloat(from[i]);
}

template <class Carrier, class To>
void UnloadAll(const Carrier* TRTN_RESTRICT from, To* TRTN_RESTRICT to, int64_t count) {
  for (int64_t i = 0; i < count; i++) to[i] = convert::FromCarrier<To>(from[i]);
}

template <class To>
void ScaleAll(const float* TRTN_RESTRICT from, To* TRTN_RESTRICT to, int64_t count,
              const ConvertArguments& arguments) {
  const float scale = arguments.scale, zero_point = arguments.zero_point;
  for (int64_t i = 0; i < count; i++) to[i] = convert::Scaled<To>(from[i], scale, zero_point);
}

// Not inlined: once for each carrier, and not for each of the types that it comes from.
template <class Carrier>
__attribute__((noinline)) void Unload(const Carrier* from, const ConvertArguments& arguments, int64_t at,
                                      int64_t count) {
  WithElementType(static_cast<ElementType>(arguments.to_type), [&](auto tag) {
    using To = typename decltype(tag)::Type;
    UnloadAll(from, static_cast<To*>(arguments.to) + at, count);
  });
}

__attribute__((noinline)) void UnloadScaled(const float* from, const ConvertArguments& arguments, int64_t at,
                                            int64_t count) {
  WithElementType(static_cast<ElementType>(arguments.to_type), [&](auto tag) {
    using To = typename decltype(tag)::Type;
    ScaleAll(from, static_cast<To*>(arguments.to) + at, count, arguments);
  });
}

/// Elements [begin, end), exactly where the type can hold them.
template <class From>
void ConvertRange(const ConvertArguments& arguments, int64_t begin, int64_t end) {
  using Carrier = decltype(convert::ToCarrier(From{}));
  Carrier carried[kConvertChunk];
  for (int64_t at = begin; at < end; at += kConvertChunk) {
    const int64_t count = std::min(kConvertChunk, end - at);
    CarryAll(static_cast<const From*>(arguments.from) + at, carried, count);
    Unload(carried, arguments, at, count);
  }
}

template <class From>
void ScaleRange(const ConvertArguments& arguments, int64_t begin, int64_t end) {
  float numbers[kConvertChunk];
  for (int64_t at = begin; at < end; at += kConvertChunk) {
    const int64_t count = std::min(kConvertChunk, end - at);
    ReadAll(static_cast<const From*>(arguments.from) + at, numbers, count);
    UnloadScaled(numbers, arguments, at, count);
  }
}

bool HasPairKernel(ElementType from, ElementType to) {
  const auto is_float = [](ElementType type) {
    return type == ElementType::kFloat32 || type == ElementType::kFloat16 || type == ElementType::kBFloat16;
  };
  const auto is_byte = [](ElementType type) {
    return type == ElementType::kInt8 || type == ElementType::kUInt8;
  };
  return from != to && ((is_float(from) && (is_float(to) || is_byte(to))) || (is_byte(from) && is_float(to)));
}

class ConvertOperator final : public Operator {
 public:
  explicit ConvertOperator(const Attributes& attributes)
      : scaled_(attributes.Flag("scaled")),
        scale_(static_cast<float>(attributes.Number("scale"))),
        zero_point_(static_cast<float>(attributes.Number("zeroPoint"))) {}

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    const ConvertArguments arguments = Arguments(memory);
    WithElementType(memory.inputs[0].type, [&](auto tag) {
      using From = typename decltype(tag)::Type;
      workers.ParallelFor(arguments.count, tensors::kGrain, [&](int64_t begin, int64_t end) {
        if (arguments.scaled != 0) {
          ScaleRange<From>(arguments, begin, end);
        } else {
          ConvertRange<From>(arguments, begin, end);
        }
      });
    });
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const ConvertArguments arguments = Arguments(memory);
    if (arguments.count == 0) return {};
    const ElementType from = memory.inputs[0].type, to = memory.outputs[0].type;
    const bool pair = HasPairKernel(from, to);
    const uint32_t group =
        pair ? static_cast<uint32_t>(16 / std::max(ElementBytes(from), ElementBytes(to))) : 1;
    const std::string name =
        pair ? std::string("convert_") + ElementSuffix(from) + "_" + ElementSuffix(to) : "convert_any";
    return {MakeLaunch(name, {BlocksFor(arguments.count, group * kMoverThreads * kMoverUnroll)},
                       {kMoverThreads}, arguments)};
  }

 private:
  ConvertArguments Arguments(const OperatorMemory& memory) const {
    const TensorView &from = memory.inputs.at(0), &to = memory.outputs.at(0);
    const int64_t count = static_cast<int64_t>(ElementCount(from.dims));
    tensors::Require(ElementCount(to.dims) == ElementCount(from.dims), "convert");
    const bool aligned = WordBytes(AddressOf(from.data) | AddressOf(to.data)) == 16;
    return {from.data,
            to.data,
            count,
            scale_,
            zero_point_,
            scaled_,
            aligned,
            static_cast<ElementCode>(from.type),
            static_cast<ElementCode>(to.type)};
  }

  const bool scaled_;
  const float scale_, zero_point_;
};

}  // namespace

std::unique_ptr<Operator> MakeConvert(const Attributes& attributes) {
  return std::make_unique<ConvertOperator>(attributes);
}

}  // namespace trtn::ops
