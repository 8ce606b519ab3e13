// SPDX-License-Identifier: Apache-2.0
#include "ops/boxes/suppression.h"

namespace trtn::ops {
namespace nms {

/// A candidate's box, its area and its class.
struct Candidate {
  BoxCorners box;
  float area;
  int32_t label;
};

/// What suppresses none: the place of a candidate that is not there.
TRTN_HD Candidate Nothing() { return {{0.0f, 0.0f, 0.0f, 0.0f}, 0.0f, 0}; }

TRTN_HD Candidate LoadCandidate(const NmsArguments& arguments, int64_t image, uint64_t key) {
  const int64_t index = KeyIndex(key), anchor = AnchorOf(arguments, index);
  const BoxCorners box = LoadBox(arguments.boxes + (image * arguments.anchors + anchor) * 4);
  return {box, Area(box), arguments.is_class_agnostic ? 0 : ClassOf(arguments, image, index)};
}

TRTN_HD Candidate LoadResult(const NmsArguments& arguments, int64_t image, int64_t slot) {
  const int64_t from = image * arguments.max_output + slot;
  const BoxCorners box = LoadBox(arguments.out_boxes + from * 4);
  return {box, Area(box), arguments.is_class_agnostic ? 0 : arguments.out_classes[from]};
}

TRTN_HD bool Suppresses(const Candidate& better, const Candidate& other, float threshold) {
  return better.label == other.label && Overlap(better.box, better.area, other.box, other.area) > threshold;
}

/// Candidates of the launch's chunk; none where the results are full.
TRTN_HD int64_t ChunkSize(const NmsArguments& arguments, int64_t image) {
  const int64_t considered = Considered(arguments, image);
  if (arguments.out_counts[image] >= arguments.max_output || considered <= arguments.first) return 0;
  const int64_t rest = considered - arguments.first;
  return rest < arguments.chunk ? rest : arguments.chunk;
}

TRTN_HD int32_t BitsBelow(uint64_t word, unsigned bit) {
  int32_t count = 0;
  for (uint64_t rest = word & ((uint64_t{1} << bit) - 1); rest != 0; rest &= rest - 1) count++;
  return count;
}

/// Which of the 64 candidates stay: those that are neither removed nor overlapped by one before them that
/// stays.
TRTN_HD uint64_t Choose(uint64_t removed, const uint64_t* overlaps, int64_t candidates, int64_t room) {
  uint64_t chosen = 0;
  for (int64_t bit = 0; bit < candidates && room > 0; bit++) {
    if ((removed >> bit) & 1) continue;
    chosen |= uint64_t{1} << bit;
    removed |= overlaps[bit];
    room--;
  }
  return chosen;
}

}  // namespace nms
}  // namespace trtn::ops

using namespace trtn::ops;  // NOLINT: kernels have names without a namespace

// Grid: candidates of the chunk in x, images in y.
TRTN_KERNEL(nms_alive)(trtn::ops::NmsArguments arguments) {
  TRTN_SHARED(nms::Candidate, kept, kNmsThreads);
  const int64_t image = trtn::gpu::BlockY(), size = nms::ChunkSize(arguments, image);
  const int64_t begin = static_cast<int64_t>(trtn::gpu::BlockX()) * kNmsThreads;
  if (begin >= size) return;
  const unsigned thread = trtn::gpu::ThreadX();
  const int64_t place = begin + thread, count = arguments.out_counts[image];
  const uint64_t* keys = arguments.keys + image * arguments.capacity + arguments.first;
  const bool is_there = place < size;
  const nms::Candidate mine = is_there ? nms::LoadCandidate(arguments, image, keys[place]) : nms::Nothing();
  int32_t removed = 0;
  for (int64_t from = 0; from < count; from += kNmsThreads) {
    if (from + thread < count) kept[thread] = nms::LoadResult(arguments, image, from + thread);
    trtn::gpu::Barrier();
    const int64_t rest = count - from < kNmsThreads ? count - from : kNmsThreads;
    for (int64_t other = 0; other < rest && removed == 0; other++) {
      removed = nms::Suppresses(kept[other], mine, arguments.iou_threshold);
    }
    trtn::gpu::Barrier();
  }
  if (is_there) arguments.removed[image * arguments.chunk + place] = removed;
}

// Grid: 64 later candidates in x, 64 better ones in y, images in z.
TRTN_KERNEL(nms_overlaps)(trtn::ops::NmsArguments arguments) {
  TRTN_SHARED(nms::Candidate, later, kNmsWord);
  const int64_t image = trtn::gpu::BlockZ(), size = nms::ChunkSize(arguments, image);
  const int64_t column = static_cast<int64_t>(trtn::gpu::BlockX()) * kNmsWord;
  const int64_t row = static_cast<int64_t>(trtn::gpu::BlockY()) * kNmsWord;
  if (column < row || column >= size) return;
  const unsigned thread = trtn::gpu::ThreadX();
  const uint64_t* keys = arguments.keys + image * arguments.capacity + arguments.first;
  if (column + thread < size) later[thread] = nms::LoadCandidate(arguments, image, keys[column + thread]);
  trtn::gpu::Barrier();
  const int64_t place = row + thread;
  if (place >= size) return;
  const nms::Candidate mine = nms::LoadCandidate(arguments, image, keys[place]);
  const int64_t rest = size - column < kNmsWord ? size - column : kNmsWord;
  uint64_t word = 0;
  for (int64_t bit = column > row ? 0 : thread + 1; bit < rest; bit++) {
    if (nms::Suppresses(mine, later[bit], arguments.iou_threshold)) word |= uint64_t{1} << bit;
  }
  arguments.overlaps[(image * arguments.chunk + place) * (arguments.chunk / kNmsWord) + column / kNmsWord] =
      word;
}

// Grid: images in x; a thread for each word of 64 candidates.
TRTN_KERNEL(nms_scan)(trtn::ops::NmsArguments arguments) {
  TRTN_SHARED(uint64_t, removed, kNmsWord);
  TRTN_SHARED(uint64_t, diagonal, kNmsWord);
  TRTN_SHARED(uint64_t, chosen, 1);
  const int64_t image = trtn::gpu::BlockX(), size = nms::ChunkSize(arguments, image);
  if (size == 0) return;
  const unsigned thread = trtn::gpu::ThreadX();
  const int64_t words = arguments.chunk / kNmsWord, used = (size + kNmsWord - 1) / kNmsWord;
  const uint64_t* keys = arguments.keys + image * arguments.capacity + arguments.first;
  const uint64_t* overlaps = arguments.overlaps + image * arguments.chunk * words;
  uint64_t mine = 0;
  for (int64_t bit = 0; bit < kNmsWord && thread * kNmsWord + bit < size; bit++) {
    const int64_t place = thread * kNmsWord + bit;
    if (arguments.removed[image * arguments.chunk + place] != 0) mine |= uint64_t{1} << bit;
  }
  removed[thread] = mine;
  int64_t count = arguments.out_counts[image];
  for (int64_t word = 0; word < used && count < arguments.max_output; word++) {
    const int64_t begin = word * kNmsWord;
    if (begin + thread < size) diagonal[thread] = overlaps[(begin + thread) * words + word];
    trtn::gpu::Barrier();
    if (thread == 0) {
      const int64_t rest = size - begin < kNmsWord ? size - begin : kNmsWord;
      chosen[0] = nms::Choose(removed[word], diagonal, rest, arguments.max_output - count);
    }
    trtn::gpu::Barrier();
    const uint64_t kept = chosen[0];
    if ((kept >> thread) & 1) {
      WriteResult(arguments, image, count + nms::BitsBelow(kept, thread), keys[begin + thread]);
    }
    if (thread > word && thread < used) {
      uint64_t more = 0;
      for (unsigned bit = 0; bit < kNmsWord; bit++) {
        if ((kept >> bit) & 1) more |= overlaps[(begin + bit) * words + thread];
      }
      removed[thread] |= more;
    }
    count += nms::BitsBelow(kept, kNmsWord - 1) + static_cast<int64_t>(kept >> (kNmsWord - 1));
  }
  // All threads have read the count: those that come first may not change it for the others.
  trtn::gpu::Barrier();
  if (thread == 0) arguments.out_counts[image] = static_cast<int32_t>(count);
}

// Grid: images in x.
TRTN_KERNEL(nms_soft)(trtn::ops::NmsArguments arguments) {
  TRTN_SHARED(uint64_t, best, kNmsSoftThreads);
  TRTN_SHARED(int64_t, best_place, kNmsSoftThreads);
  const int64_t image = trtn::gpu::BlockX(), considered = Considered(arguments, image);
  const unsigned thread = trtn::gpu::ThreadX();
  const uint64_t* keys = arguments.keys + image * arguments.capacity;
  float* scores = arguments.decayed + image * arguments.max_candidates;
  for (int64_t place = thread; place < considered; place += kNmsSoftThreads)
    scores[place] = KeyScore(keys[place]);
  nms::Candidate last = nms::Nothing();
  int64_t last_place = -1, count = 0;
  for (; count < arguments.max_output; count++) {
    uint64_t key = kNoCandidate;
    int64_t key_place = -1;
    for (int64_t place = thread; place < considered; place += kNmsSoftThreads) {
      if (place == last_place) scores[place] = 0.0f;
      float score = scores[place];
      if (!(score > arguments.score_threshold)) continue;
      if (count > 0) {
        const nms::Candidate mine = nms::LoadCandidate(arguments, image, keys[place]);
        const float overlap =
            last.label == mine.label ? Overlap(last.box, last.area, mine.box, mine.area) : 0.0f;
        if (overlap > 0.0f) {
          score = DecayedScore(arguments.decay, score, overlap, arguments.iou_threshold, arguments.sigma);
          scores[place] = score;
          if (!(score > arguments.score_threshold)) continue;
        }
      }
      const uint64_t candidate = CandidateKey(score, static_cast<uint64_t>(KeyIndex(keys[place])));
      if (candidate >= key) continue;
      key = candidate;
      key_place = place;
    }
    best[thread] = key;
    best_place[thread] = key_place;
    for (unsigned half = kNmsSoftThreads / 2; half > 0; half /= 2) {
      trtn::gpu::Barrier();
      if (thread < half && best[thread + half] < best[thread]) {
        best[thread] = best[thread + half];
        best_place[thread] = best_place[thread + half];
      }
    }
    trtn::gpu::Barrier();
    const uint64_t taken = best[0];
    last_place = best_place[0];
    trtn::gpu::Barrier();
    if (taken == kNoCandidate) break;
    last = nms::LoadCandidate(arguments, image, taken);
    if (thread == 0) WriteResult(arguments, image, count, taken);
  }
  if (thread == 0) arguments.out_counts[image] = static_cast<int32_t>(count);
}
