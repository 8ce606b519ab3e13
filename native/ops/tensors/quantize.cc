// SPDX-License-Identifier: Apache-2.0
#include "ops/tensors/quantize.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "ops/element_dispatch.h"
#include "ops/simd.h"
#include "ops/tensors/tensor_operators.h"

namespace trtn::ops {
namespace {

// Not inlined: each loop once, and not once for each place that calls it.
#define TRTN_APART __attribute__((noinline))

template <class Q, class From>
TRTN_APART void QuantizeAll(const From* TRTN_RESTRICT from, Q* TRTN_RESTRICT to, int64_t count,
                            ChannelScale by) {
  for (int64_t i = 0; i < count; i++) to[i] = quantize::Quantize<Q>(ToFloat(from[i]), by);
}

template <class Q, class To>
TRTN_APART void DequantizeAll(const Q* TRTN_RESTRICT from, To* TRTN_RESTRICT to, int64_t count,
                              ChannelScale by) {
  for (int64_t i = 0; i < count; i++) to[i] = FromFloat<To>(quantize::Dequantize(from[i], by));
}

/// Where the channel changes with each element: the scales run along with them.
template <class Q, class From>
TRTN_APART void QuantizeAcross(const From* TRTN_RESTRICT from, Q* TRTN_RESTRICT to, int64_t count,
                               const ChannelScale* TRTN_RESTRICT by) {
  for (int64_t i = 0; i < count; i++) to[i] = quantize::Quantize<Q>(ToFloat(from[i]), by[i]);
}

template <class Q, class To>
TRTN_APART void DequantizeAcross(const Q* TRTN_RESTRICT from, To* TRTN_RESTRICT to, int64_t count,
                                 const ChannelScale* TRTN_RESTRICT by) {
  for (int64_t i = 0; i < count; i++) to[i] = FromFloat<To>(quantize::Dequantize(from[i], by[i]));
}

#undef TRTN_APART

/// Calls use(first, count, channel) for the runs of [begin, end) that have one channel, or, where each
/// element has a channel of its own, for those over which the channel counts up.
template <class Use>
void ForEachRun(const QuantizeArguments& a, int64_t begin, int64_t end, const Use& use) {
  if (a.channels == nullptr) return use(begin, end - begin, 0);
  const int64_t inner = static_cast<int64_t>(a.inner), channels = static_cast<int64_t>(a.channel_count);
  const int64_t run = inner == 1 ? channels : inner;
  for (int64_t at = begin; at < end;) {
    const int64_t count = std::min(run - at % run, end - at);
    use(at, count, at / inner % channels);
    at += count;
  }
}

class QuantizeOperator final : public Operator {
 public:
  QuantizeOperator(const Attributes& attributes, bool quantizes)
      : axis_(attributes.Integer("axis")), quantizes_(quantizes) {
    const std::vector<double>& scales = attributes.Numbers("scales");
    const std::vector<double>& zero_points = attributes.Numbers("zeroPoints");
    tensors::Require(!scales.empty() && scales.size() == zero_points.size(), Name());
    for (size_t i = 0; i < scales.size(); i++) {
      scales_.push_back({static_cast<float>(scales[i]), static_cast<float>(zero_points[i])});
    }
  }

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    const QuantizeArguments a = Arguments(memory, scales_.data());
    const ElementType integer = (quantizes_ ? memory.outputs : memory.inputs)[0].type;
    WithFloatType((quantizes_ ? memory.inputs : memory.outputs)[0].type, [&](auto tag) {
      using Float = typename decltype(tag)::Type;
      if (integer == ElementType::kInt8) {
        Run<int8_t, Float>(a, workers);
      } else {
        Run<uint8_t, Float>(a, workers);
      }
    });
  }

  std::vector<uint8_t> DeviceTable(const OperatorMemory&) const override {
    if (axis_ < 0) return {};
    std::vector<uint8_t> table(scales_.size() * sizeof(ChannelScale));
    std::memcpy(table.data(), scales_.data(), table.size());
    return table;
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const QuantizeArguments a = Arguments(memory, static_cast<const ChannelScale*>(memory.table));
    if (a.count == 0) return {};
    const ElementType from = memory.inputs[0].type, to = memory.outputs[0].type;
    const uint32_t group = static_cast<uint32_t>(16 / std::max(ElementBytes(from), ElementBytes(to)));
    const std::string name =
        std::string(quantizes_ ? "quantize_" : "dequantize_") + ElementSuffix(from) + "_" + ElementSuffix(to);
    return {MakeLaunch(name, {BlocksFor(a.count, group * kMoverThreads * kMoverUnroll)}, {kMoverThreads}, a)};
  }

 private:
  template <class Q, class Float>
  void Run(const QuantizeArguments& a, Workers& workers) const {
    workers.ParallelFor(a.count, tensors::kGrain, [&](int64_t begin, int64_t end) {
      const bool across = a.channels != nullptr && a.inner == 1;
      const ChannelScale* scales = a.channels == nullptr ? &a.one : a.channels;
      ForEachRun(a, begin, end, [&](int64_t at, int64_t count, int64_t channel) {
        const ChannelScale* by = scales + channel;
        if (quantizes_) {
          const Float* from = static_cast<const Float*>(a.from) + at;
          Q* to = static_cast<Q*>(a.to) + at;
          across ? QuantizeAcross(from, to, count, by) : QuantizeAll(from, to, count, *by);
        } else {
          const Q* from = static_cast<const Q*>(a.from) + at;
          Float* to = static_cast<Float*>(a.to) + at;
          across ? DequantizeAcross(from, to, count, by) : DequantizeAll(from, to, count, *by);
        }
      });
    });
  }

  QuantizeArguments Arguments(const OperatorMemory& memory, const ChannelScale* channels) const {
    const TensorView &from = memory.inputs.at(0), &to = memory.outputs.at(0);
    const ElementType integer = (quantizes_ ? to : from).type;
    tensors::Require(integer == ElementType::kInt8 || integer == ElementType::kUInt8, Name());
    tensors::Require(from.dims == to.dims, Name());
    QuantizeArguments a{};
    a.from = from.data;
    a.to = to.data;
    a.count = static_cast<int64_t>(ElementCount(from.dims));
    a.aligned = WordBytes(AddressOf(from.data) | AddressOf(to.data)) == 16;
    a.one = scales_[0];
    if (axis_ < 0) return a;
    const size_t axis = static_cast<size_t>(axis_);
    tensors::Require(axis < from.dims.size() && static_cast<size_t>(from.dims[axis]) == scales_.size(),
                     Name());
    a.channels = channels;
    a.channel_count = scales_.size();
    a.inner = 1;
    for (size_t i = axis + 1; i < from.dims.size(); i++) a.inner *= static_cast<uint64_t>(from.dims[i]);
    return a;
  }

  const char* Name() const { return quantizes_ ? "quantizeLinear" : "dequantizeLinear"; }

  const int64_t axis_;
  const bool quantizes_;
  std::vector<ChannelScale> scales_;
};

}  // namespace

std::unique_ptr<Operator> MakeQuantizeLinear(const Attributes& attributes) {
  return std::make_unique<QuantizeOperator>(attributes, true);
}

std::unique_ptr<Operator> MakeDequantizeLinear(const Attributes& attributes) {
  return std::make_unique<QuantizeOperator>(attributes, false);
}

}  // namespace trtn::ops
