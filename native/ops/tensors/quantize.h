// SPDX-License-Identifier: Apache-2.0
//
// ONNX QuantizeLinear and DequantizeLinear, per tensor and per channel: q = saturate(round(x / scale) +
// zero_point), ties to even, and x = (q - zero_point) * scale; in float32. NaN gives what 0 gives, infinity
// the type's limit.
#pragma once

#include <stdint.h>

#include "ops/element.h"
#include "ops/prelude.h"
#include "ops/tensors/packs.h"

namespace trtn::ops {

/// The scale of a channel and its zero point, a whole number within the integer type.
struct ChannelScale {
  float scale, zero_point;
};

struct QuantizeArguments {
  const void* from;
  void* to;
  int64_t count;
  /// The scales of all channels; null for one scale.
  const ChannelScale* channels;
  uint64_t channel_count;
  /// Elements from one channel to the next: those behind the axis.
  uint64_t inner;
  ChannelScale one;
  int32_t aligned;
};

namespace quantize {

template <class Q>
struct Range;
template <>
struct Range<int8_t> {
  static constexpr float kLow = -128.0f, kHigh = 127.0f;
};
template <>
struct Range<uint8_t> {
  static constexpr float kLow = 0.0f, kHigh = 255.0f;
};

/// The sum of two whole numbers is exact where it is not clamped, so that rounding before it and after it is
/// the same but for ties: those are decided before.
template <class Q>
TRTN_HD Q Quantize(float x, ChannelScale by) {
  // Beyond 2^10 nothing but the limit can come out; below, the adder rounds.
  const float quotient = Clamp(element::NumberOr0(x / by.scale), -1024.0f, 1024.0f);
  const float whole = (quotient + 12582912.0f) - 12582912.0f;
  const float shifted = Clamp(whole + by.zero_point, Range<Q>::kLow, Range<Q>::kHigh);
  return static_cast<Q>(static_cast<int32_t>(shifted));
}

template <class Q>
TRTN_HD float Dequantize(Q x, ChannelScale by) {
  return (static_cast<float>(x) - by.zero_point) * by.scale;
}

/// Where an element is: in which channel, and how far from the channel's beginning.
struct ChannelPlace {
  uint64_t channel, inside;
};

TRTN_HD ChannelPlace PlaceOf(const QuantizeArguments& a, int64_t index) {
  ChannelPlace place{0, 0};
  if (a.channels == nullptr) return place;
  uint64_t outer = static_cast<uint64_t>(index);
  place.inside = TakeCoordinate(outer, a.inner);
  place.channel = TakeCoordinate(outer, a.channel_count);
  return place;
}

/// To the next element, without a division.
TRTN_HD void StepPlace(const QuantizeArguments& a, ChannelPlace& place) {
  if (a.channels == nullptr || ++place.inside < a.inner) return;
  place.inside = 0;
  if (++place.channel == a.channel_count) place.channel = 0;
}

TRTN_HD ChannelScale ScaleAt(const QuantizeArguments& a, const ChannelPlace& place) {
  return a.channels == nullptr ? a.one : a.channels[place.channel];
}

/// What both maps have for MapGroups().
struct ChannelMap {
  QuantizeArguments arguments;
  TRTN_HD ChannelPlace Begin(int64_t index) const { return PlaceOf(arguments, index); }
  TRTN_HD void Step(ChannelPlace& place) const { StepPlace(arguments, place); }
};

template <class From, class Q>
struct QuantizeMap : ChannelMap {
  TRTN_HD Q operator()(From x, const ChannelPlace& place) const {
    return Quantize<Q>(ToFloat(x), ScaleAt(arguments, place));
  }
};

template <class Q, class To>
struct DequantizeMap : ChannelMap {
  TRTN_HD To operator()(Q x, const ChannelPlace& place) const {
    return FromFloat<To>(Dequantize(x, ScaleAt(arguments, place)));
  }
};

/// What one thread does.
template <class From, class To, class Map>
TRTN_HD void Elements(const QuantizeArguments& a, uint32_t block, uint32_t thread) {
  MapGroups(static_cast<const From*>(a.from), static_cast<To*>(a.to), a.count, a.aligned != 0, block, thread,
            Map{{a}});
}

}  // namespace quantize
}  // namespace trtn::ops
