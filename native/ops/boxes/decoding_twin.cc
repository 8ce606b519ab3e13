// SPDX-License-Identifier: Apache-2.0
//
// Decoding on the CPU: 256 boxes at a time, a column for each channel, so that loops go over boxes.
#include <algorithm>
#include <vector>

#include "ops/boxes/decoding_operator.h"
#include "ops/element_dispatch.h"
#include "ops/simd.h"

namespace trtn::ops {
namespace {

constexpr int64_t kBoxes = kDecodeThreads;

/// 256 boxes of an image.
struct DecodeBlock {
  int64_t image, first, count;
};

/// One channel of the block's boxes.
template <class T>
void ReadChannel(const DecodeArguments& arguments, const DecodeBlock& block, int64_t channel,
                 float* TRTN_RESTRICT column) {
  const T* head = static_cast<const T*>(arguments.head) + block.image * arguments.count * arguments.channels;
  const bool is_channels_first = arguments.is_channels_first != 0;
  const int64_t step = is_channels_first ? 1 : arguments.channels;
  const T* from = head + (is_channels_first ? channel * arguments.count + block.first
                                            : block.first * arguments.channels + channel);
  for (int64_t at = 0; at < block.count; at++) column[at] = ToFloat(from[at * step]);
}

TRTN_SIMD_CLONES
void ToScores(const DecodeArguments& arguments, int64_t count, const float* TRTN_RESTRICT objectness,
              float* TRTN_RESTRICT column) {
  if (arguments.is_sigmoid) {
    for (int64_t at = 0; at < count; at++) column[at] = Canonical(Sigmoid(column[at]) * objectness[at]);
  } else {
    for (int64_t at = 0; at < count; at++) column[at] = Canonical(column[at] * objectness[at]);
  }
}

TRTN_SIMD_CLONES
void KeepBetter(int64_t count, int32_t label, const float* TRTN_RESTRICT column, float* TRTN_RESTRICT best,
                int32_t* TRTN_RESTRICT best_class) {
  for (int64_t at = 0; at < count; at++) {
    const bool is_better = IsBetter(column[at], best[at]);
    best[at] = is_better ? column[at] : best[at];
    best_class[at] = is_better ? label : best_class[at];
  }
}

template <class T>
void DecodeBlockBoxes(const DecodeArguments& arguments, const DecodeBlock& block, float* objectness) {
  float columns[5][kBoxes];
  const int channels = arguments.has_objectness ? 5 : 4;
  for (int channel = 0; channel < channels; channel++)
    ReadChannel<T>(arguments, block, channel, columns[channel]);
  float* to = arguments.boxes + (block.image * arguments.count + block.first) * 4;
  for (int64_t at = 0; at < block.count; at++) {
    const float t[4] = {columns[0][at], columns[1][at], columns[2][at], columns[3][at]};
    const BoxCorners box = DecodeBox(arguments, block.first + at, t);
    const float corners[4] = {box.x1, box.y1, box.x2, box.y2};
    std::copy(corners, corners + 4, to + at * 4);
    objectness[at] = arguments.has_objectness ? Probability(arguments.is_sigmoid != 0, columns[4][at]) : 1.0f;
  }
}

template <class T>
void DecodeBlockScores(const DecodeArguments& arguments, const DecodeBlock& block, const float* objectness) {
  float column[kBoxes], best[kBoxes];
  int32_t best_class[kBoxes] = {};
  const int64_t place = block.image * arguments.count + block.first;
  std::fill(best, best + kBoxes, FromBits(kQuietNan));
  for (int64_t label = 0; label < arguments.class_count; label++) {
    ReadChannel<T>(arguments, block, arguments.first_class + label, column);
    if (arguments.classes != nullptr) {
      KeepBetter(block.count, static_cast<int32_t>(label), column, best, best_class);
      continue;
    }
    ToScores(arguments, block.count, objectness, column);
    float* to = arguments.scores + place * arguments.class_count + label;
    for (int64_t at = 0; at < block.count; at++) to[at * arguments.class_count] = column[at];
  }
  if (arguments.classes == nullptr) return;
  ToScores(arguments, block.count, objectness, best);
  std::copy(best, best + block.count, arguments.scores + place);
  std::copy(best_class, best_class + block.count, arguments.classes + place);
}

}  // namespace

void DecodeOnCpu(const DecodeArguments& arguments, ElementType type, int64_t images, Workers& workers) {
  const int64_t blocks = (arguments.count + kBoxes - 1) / kBoxes;
  workers.ParallelFor(images * blocks, 4, [&](int64_t begin, int64_t end) {
    WithFloatType(type, [&](auto tag) {
      using T = typename decltype(tag)::Type;
      float objectness[kBoxes];
      for (int64_t at = begin; at < end; at++) {
        const int64_t first = at % blocks * kBoxes;
        const DecodeBlock block{at / blocks, first, std::min(kBoxes, arguments.count - first)};
        DecodeBlockBoxes<T>(arguments, block, objectness);
        DecodeBlockScores<T>(arguments, block, objectness);
      }
    });
  });
}

}  // namespace trtn::ops
