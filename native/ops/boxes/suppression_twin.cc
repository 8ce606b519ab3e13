// SPDX-License-Identifier: Apache-2.0
//
// Suppression on the CPU. What a candidate is compared with are the results found so far of its class, eight
// and more at a time: fewer comparisons than a matrix of all, and with early ends.
#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include "ops/boxes/suppression_operator.h"
#include "ops/simd.h"

namespace trtn::ops {
namespace {

constexpr int kLanes = 16;
constexpr int64_t kRowGrain = 1024;

/// Results of one class, in the order of the columns; places without a result have a box without area.
struct KeptBoxes {
  float x1[kLanes] = {}, y1[kLanes] = {}, x2[kLanes] = {}, y2[kLanes] = {}, area[kLanes] = {};
  int32_t used = 0, next = -1;
};

/// Overlap() > threshold for any of the boxes from `block` on.
TRTN_SIMD_CLONES
bool OverlapsAny(const KeptBoxes* blocks, int32_t block, const BoxCorners& box, float threshold) {
  const float area = Area(box);
  for (; block >= 0; block = blocks[block].next) {
    const KeptBoxes& kept = blocks[block];
    int32_t hits = 0;
    for (int lane = 0; lane < kLanes; lane++) {
      const BoxCorners other{kept.x1[lane], kept.y1[lane], kept.x2[lane], kept.y2[lane]};
      hits |= Overlap(other, kept.area[lane], box, area) > threshold ? 1 : 0;
    }
    if (hits != 0) return true;
  }
  return false;
}

/// The results of an image by their class.
class KeptByClass {
 public:
  bool Overlaps(int32_t label, const BoxCorners& box, float threshold) {
    return OverlapsAny(blocks_.data(), HeadOf(label), box, threshold);
  }

  void Add(int32_t label, const BoxCorners& box) {
    int32_t& head = HeadOf(label);
    if (head < 0 || blocks_[head].used == kLanes) {
      blocks_.emplace_back();
      blocks_.back().next = head;
      head = static_cast<int32_t>(blocks_.size()) - 1;
    }
    KeptBoxes& block = blocks_[head];
    const int32_t lane = block.used++;
    block.x1[lane] = box.x1;
    block.y1[lane] = box.y1;
    block.x2[lane] = box.x2;
    block.y2[lane] = box.y2;
    block.area[lane] = Area(box);
  }

 private:
  int32_t& HeadOf(int32_t label) {
    if (label >= 0 && label < static_cast<int32_t>(few_.size())) {
      if (few_[label] == 0) few_[label] = -1;
      return few_[label];
    }
    return others_.try_emplace(label, -1).first->second;
  }

  std::vector<KeptBoxes> blocks_ = std::vector<KeptBoxes>(1);
  // Of the classes below 1,024; 0, a block that is never used, is a class that was not asked for.
  std::array<int32_t, 1024> few_{};
  std::unordered_map<int32_t, int32_t> others_;
};

/// Sorts by the keys' upper halves; candidates come in the order of their lower halves, and keep it.
void SortKeys(std::vector<uint64_t>& keys) {
  constexpr int kBits = 11, kBuckets = 1 << kBits, kPasses = 3;
  std::vector<uint64_t> other(keys.size());
  std::vector<uint32_t> starts(kPasses * kBuckets);
  for (const uint64_t key : keys) {
    for (int pass = 0; pass < kPasses; pass++) {
      starts[pass * kBuckets + ((key >> (32 + pass * kBits)) & (kBuckets - 1))]++;
    }
  }
  for (int pass = 0; pass < kPasses; pass++) {
    uint32_t* start = starts.data() + pass * kBuckets;
    uint32_t sum = 0;
    for (int bucket = 0; bucket < kBuckets; bucket++) {
      const uint32_t count = start[bucket];
      start[bucket] = sum;
      sum += count;
    }
    for (const uint64_t key : keys) other[start[(key >> (32 + pass * kBits)) & (kBuckets - 1)]++] = key;
    keys.swap(other);
  }
}

/// The largest of a row that is a number; -infinity where none is.
TRTN_SIMD_CLONES
float LargestOf(const float* TRTN_RESTRICT row, int64_t count) {
  float lanes[kLanes];
  for (int lane = 0; lane < kLanes; lane++) lanes[lane] = FromBits(0xff800000u);
  const int64_t whole = count / kLanes * kLanes;
  for (int64_t at = 0; at < whole; at += kLanes) {
    for (int lane = 0; lane < kLanes; lane++)
      lanes[lane] = row[at + lane] > lanes[lane] ? row[at + lane] : lanes[lane];
  }
  float largest = lanes[0];
  for (int lane = 1; lane < kLanes; lane++) largest = lanes[lane] > largest ? lanes[lane] : largest;
  for (int64_t at = whole; at < count; at++) largest = row[at] > largest ? row[at] : largest;
  return largest;
}

/// Candidates of the boxes [begin, end) of an image, in the order of their indices.
void CollectKeys(const NmsArguments& arguments, int64_t image, int64_t begin, int64_t end,
                 std::vector<uint64_t>& keys) {
  const int64_t classes = arguments.class_count;
  for (int64_t anchor = begin; anchor < end; anchor++) {
    const int64_t place = image * arguments.anchors + anchor;
    const float* row = arguments.scores + place * classes;
    const float largest = classes == 1 ? row[0] : LargestOf(row, classes);
    if (!IsCandidate(largest, LoadBox(arguments.boxes + place * 4), arguments.score_threshold)) continue;
    if (arguments.class_source != NmsClasses::kEach) {
      keys.push_back(CandidateKey(largest, static_cast<uint64_t>(anchor)));
      continue;
    }
    for (int64_t label = 0; label < classes; label++) {
      if (!(row[label] > arguments.score_threshold)) continue;
      keys.push_back(CandidateKey(row[label], static_cast<uint64_t>(anchor * classes + label)));
    }
  }
}

/// The best class is looked for when it is needed, in place of the scratch of the device.
int32_t LabelOf(const NmsArguments& arguments, int64_t image, uint64_t key) {
  if (arguments.class_source != NmsClasses::kBest) return ClassOf(arguments, image, KeyIndex(key));
  const float* row = arguments.scores + (image * arguments.anchors + KeyIndex(key)) * arguments.class_count;
  int32_t label = 0;
  // Bounded: the caller's array may have changed since.
  while (label + 1 < arguments.class_count && row[label] != KeyScore(key)) label++;
  return label;
}

BoxCorners BoxOf(const NmsArguments& arguments, int64_t image, uint64_t key) {
  return LoadBox(arguments.boxes + (image * arguments.anchors + AnchorOf(arguments, KeyIndex(key))) * 4);
}

void WriteLabelled(const NmsArguments& arguments, int64_t image, int64_t slot, uint64_t key, int32_t label) {
  const int64_t to = image * arguments.max_output + slot;
  const BoxCorners box = BoxOf(arguments, image, key);
  const float corners[4] = {box.x1, box.y1, box.x2, box.y2};
  std::copy(corners, corners + 4, arguments.out_boxes + to * 4);
  arguments.out_scores[to] = KeyScore(key);
  arguments.out_classes[to] = label;
  arguments.out_indices[to] = static_cast<int32_t>(AnchorOf(arguments, KeyIndex(key)));
}

int64_t SuppressHard(const NmsArguments& arguments, int64_t image, const std::vector<uint64_t>& keys) {
  KeptByClass kept;
  int64_t count = 0;
  for (const uint64_t key : keys) {
    const BoxCorners box = BoxOf(arguments, image, key);
    const int32_t label = LabelOf(arguments, image, key);
    const int32_t group = arguments.is_class_agnostic ? 0 : label;
    if (kept.Overlaps(group, box, arguments.iou_threshold)) continue;
    kept.Add(group, box);
    WriteLabelled(arguments, image, count++, key, label);
    if (count == arguments.max_output) break;
  }
  return count;
}

/// The candidates that soft suppression has left, in columns.
struct SoftColumns {
  std::vector<float> x1, y1, x2, y2, area, score;
  std::vector<int32_t> label, group;
  std::vector<uint64_t> key;
};

SoftColumns ColumnsOf(const NmsArguments& arguments, int64_t image, const std::vector<uint64_t>& keys) {
  SoftColumns columns;
  columns.key = keys;
  for (const uint64_t key : keys) {
    const BoxCorners box = BoxOf(arguments, image, key);
    columns.x1.push_back(box.x1);
    columns.y1.push_back(box.y1);
    columns.x2.push_back(box.x2);
    columns.y2.push_back(box.y2);
    columns.area.push_back(Area(box));
    columns.score.push_back(KeyScore(key));
    columns.label.push_back(LabelOf(arguments, image, key));
    columns.group.push_back(arguments.is_class_agnostic ? 0 : columns.label.back());
  }
  return columns;
}

/// Overlaps of all with one; 0 with those of another group.
TRTN_SIMD_CLONES
void OverlapColumns(const SoftColumns& columns, int64_t count, int64_t best, float* TRTN_RESTRICT overlaps) {
  const float *x1 = columns.x1.data(), *y1 = columns.y1.data(), *x2 = columns.x2.data(),
              *y2 = columns.y2.data();
  const float* area = columns.area.data();
  const int32_t* group = columns.group.data();
  const BoxCorners box{x1[best], y1[best], x2[best], y2[best]};
  const float box_area = area[best];
  const int32_t box_group = group[best];
  for (int64_t at = 0; at < count; at++) {
    const float overlap = Overlap(box, box_area, BoxCorners{x1[at], y1[at], x2[at], y2[at]}, area[at]);
    overlaps[at] = group[at] == box_group ? overlap : 0.0f;
  }
}

int64_t SuppressSoft(const NmsArguments& arguments, int64_t image, const std::vector<uint64_t>& keys) {
  SoftColumns columns = ColumnsOf(arguments, image, keys);
  const int64_t candidates = static_cast<int64_t>(keys.size());
  std::vector<float> overlaps(keys.size());
  int64_t count = 0;
  for (; count < arguments.max_output; count++) {
    uint64_t best = kNoCandidate;
    int64_t best_place = -1;
    for (int64_t at = 0; at < candidates; at++) {
      if (!(columns.score[at] > arguments.score_threshold)) continue;
      const uint64_t key = CandidateKey(columns.score[at], static_cast<uint64_t>(KeyIndex(columns.key[at])));
      if (key >= best) continue;
      best = key;
      best_place = at;
    }
    if (best_place < 0) break;
    WriteLabelled(arguments, image, count, best, columns.label[best_place]);
    OverlapColumns(columns, candidates, best_place, overlaps.data());
    for (int64_t at = 0; at < candidates; at++) {
      if (!(overlaps[at] > 0.0f) || !(columns.score[at] > arguments.score_threshold)) continue;
      columns.score[at] = DecayedScore(arguments.decay, columns.score[at], overlaps[at],
                                       arguments.iou_threshold, arguments.sigma);
    }
    columns.score[best_place] = 0.0f;
  }
  return count;
}

void SuppressImage(const NmsArguments& arguments, int64_t image, std::vector<uint64_t>& keys) {
  SortKeys(keys);
  if (static_cast<int64_t>(keys.size()) > arguments.max_candidates) keys.resize(arguments.max_candidates);
  const int64_t count = arguments.decay == NmsDecay::kNone ? SuppressHard(arguments, image, keys)
                                                           : SuppressSoft(arguments, image, keys);
  for (int64_t slot = count; slot < arguments.max_output; slot++) WriteNoResult(arguments, image, slot);
  arguments.out_counts[image] = static_cast<int32_t>(count);
}

}  // namespace

void SuppressOnCpu(const NmsArguments& arguments, int64_t images, Workers& workers) {
  // Boxes in parts, so that the threads share one image's scores too; then the images.
  const int64_t parts = (arguments.anchors + kRowGrain - 1) / kRowGrain;
  std::vector<std::vector<uint64_t>> found(images * parts);
  workers.ParallelFor(images * parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++) {
      const int64_t image = part / parts, from = part % parts * kRowGrain;
      CollectKeys(arguments, image, from, std::min(from + kRowGrain, arguments.anchors), found[part]);
    }
  });
  workers.ParallelFor(images, 1, [&](int64_t begin, int64_t end) {
    for (int64_t image = begin; image < end; image++) {
      std::vector<uint64_t> keys;
      for (int64_t part = 0; part < parts; part++) {
        const std::vector<uint64_t>& some = found[image * parts + part];
        keys.insert(keys.end(), some.begin(), some.end());
      }
      SuppressImage(arguments, image, keys);
    }
  });
}

}  // namespace trtn::ops
