// SPDX-License-Identifier: Apache-2.0
//
// Non-maximum suppression. A candidate is a box with a score, or a box with one of its classes; it is known
// by its index in the scores. Candidates are sorted by a key that no other has, so that every way of sorting
// gives one order: score descending, then index ascending. Kernels:
//
//   nms_begin                 empties the results
//   nms_collect(_best)        candidates above the threshold get a key, in any order
//   nms_sort_tile/step/merge  sort the keys. Launches depend on what could be a candidate; those that are too
//   large
//                             for what there is return at once
//   for each chunk of the sorted candidates, until the results are full:
//     nms_alive               is the candidate overlapped by a result of the chunks before?
//     nms_overlaps            bit (i, j): candidate i of the chunk overlaps the later j
//     nms_scan                one block goes through the chunk from the best to the worst
//   nms_soft                  in place of the chunks: one block takes the best and lowers the scores of the
//   others
#pragma once

#include <stdint.h>

#include "ops/boxes/overlap.h"
#include "ops/exp_log.h"

namespace trtn::ops {

constexpr uint32_t kNmsThreads = 256;
/// Keys that one block sorts in shared memory: 32 KiB.
constexpr uint32_t kNmsSortTile = 4096;
/// Classes of 256 boxes that are in shared memory at a time, and the length of a row there: no two threads in
/// a bank.
constexpr uint32_t kNmsClassTile = 16, kNmsClassRow = kNmsClassTile + 1;
/// Candidates that are decided together, at most: the matrix of their overlaps takes 2 MiB for each image.
constexpr int64_t kNmsChunk = 4096;
/// Bits of a word of that matrix.
constexpr uint32_t kNmsWord = 64;
constexpr uint32_t kNmsSoftThreads = 512;

constexpr uint64_t kNoCandidate = ~uint64_t{0};

enum class NmsDecay : int32_t { kNone, kLinear, kGaussian };
/// Where the class of a candidate is known from.
enum class NmsClasses : int32_t { kNone, kGiven, kBest, kEach };

struct NmsArguments {
  const float* boxes;
  const float* scores;
  const int32_t* classes;
  // The results; `counts` counts them while they are found.
  float* out_boxes;
  float* out_scores;
  int32_t* out_classes;
  int32_t* out_indices;
  int32_t* out_counts;
  // Scratch: for each image `capacity` keys, the number of candidates, the best class of each box, and for
  // each candidate of a chunk whether it is overlapped, and by whom; for soft suppression its score by now.
  uint64_t* keys;
  int32_t* found;
  int32_t* best_classes;
  int32_t* removed;
  uint64_t* overlaps;
  float* decayed;
  int64_t anchors, class_count, capacity, chunk, max_candidates;
  int32_t max_output;
  NmsClasses class_source;
  NmsDecay decay;
  int32_t is_class_agnostic;
  float score_threshold, iou_threshold, sigma;
  // Of one launch: the block length that is sorted, the distance of a step (0: mirrored), a chunk's first
  // candidate.
  int64_t sort_length, sort_distance, first;
};

/// Scores above the threshold are positive: their bits are ordered as they are.
TRTN_HD uint64_t CandidateKey(float score, uint64_t index) {
  return (static_cast<uint64_t>(~BitsOf(score)) << 32) | index;
}
TRTN_HD float KeyScore(uint64_t key) { return FromBits(~static_cast<uint32_t>(key >> 32)); }
TRTN_HD int64_t KeyIndex(uint64_t key) { return static_cast<int64_t>(key & 0xffffffffu); }

TRTN_HD bool IsCandidate(float score, const BoxCorners& box, float threshold) {
  return score > threshold && !HasNan(box);
}

TRTN_HD int64_t AnchorOf(const NmsArguments& arguments, int64_t index) {
  return arguments.class_source == NmsClasses::kEach ? index / arguments.class_count : index;
}

TRTN_HD int32_t ClassOf(const NmsArguments& arguments, int64_t image, int64_t index) {
  switch (arguments.class_source) {
    case NmsClasses::kGiven:
      return arguments.classes[image * arguments.anchors + index];
    case NmsClasses::kBest:
      return arguments.best_classes[image * arguments.anchors + index];
    case NmsClasses::kEach:
      return static_cast<int32_t>(index % arguments.class_count);
    default:
      return 0;
  }
}

/// Candidates of an image that are looked at; they are the first of the sorted keys.
TRTN_HD int64_t Considered(const NmsArguments& arguments, int64_t image) {
  const int64_t found = arguments.found[image];
  return found < arguments.max_candidates ? found : arguments.max_candidates;
}

/// The score of a candidate that a better one overlaps by `overlap` > 0.
TRTN_HD float DecayedScore(NmsDecay decay, float score, float overlap, float iou_threshold, float sigma) {
  if (decay == NmsDecay::kGaussian) return score * Exp(-(overlap * overlap) / sigma);
  return overlap > iou_threshold ? score * (1.0f - overlap) : score;
}

TRTN_HD void WriteResult(const NmsArguments& arguments, int64_t image, int64_t slot, uint64_t key) {
  const int64_t index = KeyIndex(key), anchor = AnchorOf(arguments, index);
  const int64_t to = image * arguments.max_output + slot;
  const float* from = arguments.boxes + (image * arguments.anchors + anchor) * 4;
  for (int corner = 0; corner < 4; corner++) arguments.out_boxes[to * 4 + corner] = from[corner];
  arguments.out_scores[to] = KeyScore(key);
  arguments.out_classes[to] = ClassOf(arguments, image, index);
  arguments.out_indices[to] = static_cast<int32_t>(anchor);
}

TRTN_HD void WriteNoResult(const NmsArguments& arguments, int64_t image, int64_t slot) {
  const int64_t to = image * arguments.max_output + slot;
  for (int corner = 0; corner < 4; corner++) arguments.out_boxes[to * 4 + corner] = 0.0f;
  arguments.out_scores[to] = 0.0f;
  arguments.out_classes[to] = -1;
  arguments.out_indices[to] = -1;
}

}  // namespace trtn::ops
