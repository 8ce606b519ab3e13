// SPDX-License-Identifier: Apache-2.0
#include "ops/tensors/pad.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "ops/element_dispatch.h"
#include "ops/simd.h"
#include "ops/tensors/convert.h"
#include "ops/tensors/tensor_operators.h"

namespace trtn::ops {
namespace {

struct PaddedAxis {
  uint64_t from, to, begin;
  bool IsPadded() const { return from != to; }
};

/// Neighbours without padding are one axis.
std::vector<PaddedAxis> PaddedAxes(const TensorView& from, const TensorView& to,
                                   const std::vector<double>& begins) {
  std::vector<PaddedAxis> axes;
  for (size_t i = 0; i < from.dims.size(); i++) {
    const PaddedAxis axis{static_cast<uint64_t>(from.dims[i]), static_cast<uint64_t>(to.dims[i]),
                          static_cast<uint64_t>(begins[i])};
    if (!axes.empty() && !axes.back().IsPadded() && !axis.IsPadded()) {
      axes.back().from *= axis.from;
      axes.back().to *= axis.to;
    } else {
      axes.push_back(axis);
    }
  }
  if (axes.empty()) axes.push_back({1, 1, 0});
  return axes;
}

/// The value as an element of the type, repeated to 16 bytes.
Word16 RepeatedValue(ElementType type, double value) {
  uint8_t bytes[16];
  WithElementType(type, [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const T element = convert::FromCarrier<T>(value);
    for (size_t i = 0; i < sizeof(bytes); i += sizeof(T)) std::memcpy(bytes + i, &element, sizeof(T));
  });
  Word16 word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

template <class Word>
void FillWords(Word* TRTN_RESTRICT to, uint64_t count, Word value) {
  for (uint64_t i = 0; i < count; i++) to[i] = value;
}

/// One run of the output's last axis.
template <class Word>
void PadRun(const PadArguments& a, uint64_t row) {
  const int32_t last = a.rank - 1;
  const uint64_t run = a.to_dims[last], begin = a.begins[last], inside = a.from_dims[last];
  Word* const to = static_cast<Word*>(a.to) + row * run;
  const int64_t offset = pad::FromOffset(a, row, last - 1);
  if (offset < 0) return FillWords(to, run, pad::ValueOf<Word>(a));
  const Word* const from = static_cast<const Word*>(a.from) + offset;
  if (inside != 0) std::memcpy(to + begin, from, inside * sizeof(Word));
  if (a.mode == PadMode::kConstant) {
    FillWords(to, begin, pad::ValueOf<Word>(a));
    return FillWords(to + begin + inside, run - begin - inside, pad::ValueOf<Word>(a));
  }
  const auto copy = [&](uint64_t i) {
    to[i] = from[pad::Source(static_cast<int64_t>(i), static_cast<int64_t>(begin),
                             static_cast<int64_t>(inside), a.mode)];
  };
  for (uint64_t i = 0; i < begin; i++) copy(i);
  for (uint64_t i = begin + inside; i < run; i++) copy(i);
}

class PadOperator final : public Operator {
 public:
  explicit PadOperator(const Attributes& attributes)
      : begins_(attributes.Numbers("begins")),
        mode_(ModeOf(attributes.Text("mode"))),
        value_(attributes.Number("value")) {}

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    uint32_t word = 0;
    const PadArguments a = Arguments(memory, word);
    if (a.count == 0) return;
    const uint64_t run = a.to_dims[a.rank - 1];
    const int64_t grain = 1 + tensors::kGrain / static_cast<int64_t>(run * word);
    workers.ParallelFor(static_cast<int64_t>(a.count / run), grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) Run(a, word, static_cast<uint64_t>(i));
    });
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    uint32_t word = 0;
    const PadArguments a = Arguments(memory, word);
    if (a.count == 0) return {};
    return {MakeLaunch("pad_w" + std::to_string(word),
                       {BlocksFor(static_cast<int64_t>(a.count), kMoverThreads * kMoverUnroll)},
                       {kMoverThreads}, a)};
  }

 private:
  static PadMode ModeOf(const std::string& mode) {
    tensors::Require(mode == "constant" || mode == "edge" || mode == "reflect", "pad");
    return mode == "constant" ? PadMode::kConstant : mode == "edge" ? PadMode::kEdge : PadMode::kReflect;
  }

  static void Run(const PadArguments& a, uint32_t word, uint64_t row) {
    switch (word) {
      case 1:
        return PadRun<uint8_t>(a, row);
      case 2:
        return PadRun<uint16_t>(a, row);
      case 4:
        return PadRun<uint32_t>(a, row);
      case 8:
        return PadRun<uint64_t>(a, row);
      default:
        return PadRun<Word16>(a, row);
    }
  }

  void Check(const TensorView& from, const TensorView& to) const {
    const size_t rank = from.dims.size();
    bool fits = from.type == to.type && rank == to.dims.size() && rank == begins_.size() &&
                rank <= static_cast<size_t>(kMaxPadRank);
    for (size_t i = 0; i < rank && fits; i++) {
      const int64_t begin = static_cast<int64_t>(begins_[i]), end = to.dims[i] - from.dims[i] - begin;
      fits = begin >= 0 && end >= 0;
      if (mode_ == PadMode::kEdge && from.dims[i] == 0) fits = fits && to.dims[i] == 0;
      if (mode_ == PadMode::kReflect)
        fits = fits && std::max(begin, end) <= std::max<int64_t>(from.dims[i] - 1, 0);
    }
    tensors::Require(fits, "pad");
  }

  PadArguments Arguments(const OperatorMemory& memory, uint32_t& word) const {
    const TensorView &from = memory.inputs.at(0), &to = memory.outputs.at(0);
    Check(from, to);
    const std::vector<PaddedAxis> axes = PaddedAxes(from, to, begins_);
    const PaddedAxis last = axes.back();
    const uint64_t bytes = ElementBytes(from.type);
    // A word must not straddle the border between the input and its padding; mirrored or repeated elements
    // are single.
    word = static_cast<uint32_t>(bytes);
    if (mode_ == PadMode::kConstant || !last.IsPadded()) {
      word = WordBytes(AddressOf(from.data) | AddressOf(to.data) | last.from * bytes | last.to * bytes |
                       last.begin * bytes);
    }
    PadArguments a{};
    a.from = from.data;
    a.to = to.data;
    a.mode = mode_;
    a.value = RepeatedValue(from.type, value_);
    a.rank = static_cast<int32_t>(axes.size());
    a.count = 1;
    uint64_t stride = 1;
    for (size_t i = axes.size(); i-- > 0;) {
      // Only the last axis is counted in words.
      const uint64_t unit = i + 1 == axes.size() ? bytes : word;
      a.to_dims[i] = axes[i].to * unit / word;
      a.from_dims[i] = axes[i].from * unit / word;
      a.begins[i] = axes[i].begin * unit / word;
      a.from_strides[i] = stride;
      stride *= a.from_dims[i];
      a.count *= a.to_dims[i];
    }
    return a;
  }

  const std::vector<double> begins_;
  const PadMode mode_;
  const double value_;
};

}  // namespace

std::unique_ptr<Operator> MakePad(const Attributes& attributes) {
  return std::make_unique<PadOperator>(attributes);
}

}  // namespace trtn::ops
