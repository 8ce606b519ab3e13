// SPDX-License-Identifier: Apache-2.0
//
// Element by element from one array to another, each byte read once and written once: a group of elements at
// a time, as many as the wider of the two types has in 16 bytes, so that neighbouring threads touch
// neighbouring addresses in both arrays.
#pragma once

#include <stdint.h>

#include "ops/element.h"
#include "ops/tensors/words.h"

namespace trtn::ops {

namespace packs {

template <uint32_t kBytes>
struct WordOf;
template <>
struct WordOf<1> {
  using Type = uint8_t;
};
template <>
struct WordOf<2> {
  using Type = uint16_t;
};
template <>
struct WordOf<4> {
  using Type = uint32_t;
};
template <>
struct WordOf<8> {
  using Type = uint64_t;
};
template <>
struct WordOf<16> {
  using Type = Word16;
};

/// The 64 bits of a word in which its byte number `byte` is; and where to add them.
template <class Word>
TRTN_HD uint64_t PartOf(const Word& word, uint32_t) {
  return word;
}
TRTN_HD uint64_t PartOf(const Word16& word, uint32_t byte) { return byte < 8 ? word.low : word.high; }
template <class Word>
TRTN_HD void AddTo(Word& word, uint32_t, uint64_t bits) {
  word = static_cast<Word>(word | bits);
}
TRTN_HD void AddTo(Word16& word, uint32_t byte, uint64_t bits) {
  if (byte < 8) {
    word.low |= bits;
  } else {
    word.high |= bits;
  }
}

template <class T>
TRTN_HD T ElementOf(uint32_t bits) {
  return T{static_cast<decltype(T::bits)>(bits)};
}
template <>
TRTN_HD float ElementOf<float>(uint32_t bits) {
  return FromBits(bits);
}
template <>
TRTN_HD int8_t ElementOf<int8_t>(uint32_t bits) {
  return static_cast<int8_t>(bits);
}
template <>
TRTN_HD uint8_t ElementOf<uint8_t>(uint32_t bits) {
  return static_cast<uint8_t>(bits);
}

template <class T>
TRTN_HD uint32_t ElementBits(T x) {
  return x.bits;
}
TRTN_HD uint32_t ElementBits(float x) { return BitsOf(x); }
TRTN_HD uint32_t ElementBits(int8_t x) { return static_cast<uint8_t>(x); }
TRTN_HD uint32_t ElementBits(uint8_t x) { return x; }

}  // namespace packs

/// Elements that a thread handles with one load and one store.
template <class From, class To>
constexpr uint32_t kGroupSize = 16 / (sizeof(From) > sizeof(To) ? sizeof(From) : sizeof(To));

template <class From, class To>
constexpr uint32_t kElementsPerBlock = kGroupSize<From, To> * kMoverThreads * kMoverUnroll;

/// A group of elements. `map(x, place)` gives the result; `place` is what map.Begin() gave for the number of
/// the first one, and map.Step() takes it from one element to the next.
template <class From, class To, class FromWord, class ToWord, class Map>
TRTN_HD ToWord MapWord(const FromWord& in, int64_t first, const Map& map) {
  ToWord out{};
  auto place = map.Begin(first);
  for (uint32_t i = 0; i < kGroupSize<From, To>; i++) {
    const uint32_t at = i * sizeof(From), put = i * sizeof(To);
    const uint32_t bits = static_cast<uint32_t>(packs::PartOf(in, at) >> (at % 8 * 8));
    const uint32_t result = packs::ElementBits(map(packs::ElementOf<From>(bits), place));
    map.Step(place);
    packs::AddTo(out, put, static_cast<uint64_t>(result) << (put % 8 * 8));
  }
  return out;
}

/// What one thread does of to[i] = map(from[i]). `aligned`: both addresses are multiples of 16.
template <class From, class To, class Map>
TRTN_HD void MapGroups(const From* from, To* to, int64_t count, bool aligned, uint32_t block, uint32_t thread,
                       const Map& map) {
  constexpr uint32_t kGroup = kGroupSize<From, To>;
  using FromWord = typename packs::WordOf<kGroup * sizeof(From)>::Type;
  using ToWord = typename packs::WordOf<kGroup * sizeof(To)>::Type;
  const int64_t group = static_cast<int64_t>(block) * (kMoverUnroll * kMoverThreads) + thread;
  if (aligned && (static_cast<int64_t>(block) + 1) * kElementsPerBlock<From, To> <= count) {
    // All loads before the first store: memory answers them together.
    FromWord in[kMoverUnroll];
    TRTN_UNROLL
    for (uint32_t i = 0; i < kMoverUnroll; i++) {
      in[i] = reinterpret_cast<const FromWord*>(from)[group + i * kMoverThreads];
    }
    TRTN_UNROLL
    for (uint32_t i = 0; i < kMoverUnroll; i++) {
      const int64_t at = group + i * kMoverThreads;
      reinterpret_cast<ToWord*>(to)[at] = MapWord<From, To, FromWord, ToWord>(in[i], at * kGroup, map);
    }
    return;
  }
  // The last block, and views into other tensors.
  for (uint32_t round = 0; round < kMoverUnroll; round++) {
    const int64_t first = (group + round * kMoverThreads) * kGroup;
    if (first >= count) return;
    auto place = map.Begin(first);
    for (int64_t i = first; i < count && i < first + kGroup; i++, map.Step(place))
      to[i] = map(from[i], place);
  }
}

}  // namespace trtn::ops
