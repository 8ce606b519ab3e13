// SPDX-License-Identifier: Apache-2.0
#include "ops/boxes/suppression.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"
#include "ops/boxes/box_views.h"
#include "ops/boxes/suppression_operator.h"

namespace trtn::ops {

float FloatNotAbove(double threshold) {
  const float nearest = static_cast<float>(threshold);
  if (static_cast<double>(nearest) <= threshold) return nearest;
  return std::nextafter(nearest, -std::numeric_limits<float>::infinity());
}

namespace {

constexpr size_t kScratchAlignment = 256;
// What fits into the bits that a key has for it is more: this bounds the memory for the keys of one image (32
// MiB).
constexpr int64_t kMaxCandidateSpace = int64_t{1} << 22;

int64_t PowerOfTwoFrom(int64_t smallest, int64_t value) {
  while (smallest < value) smallest *= 2;
  return smallest;
}

NmsDecay DecayNamed(const std::string& name) {
  if (name == "linear") return NmsDecay::kLinear;
  return name == "gaussian" ? NmsDecay::kGaussian : NmsDecay::kNone;
}

NmsClasses ClassesNamed(const std::string& name) {
  if (name == "given") return NmsClasses::kGiven;
  if (name == "best") return NmsClasses::kBest;
  return name == "each" ? NmsClasses::kEach : NmsClasses::kNone;
}

/// Hands out parts of the scratch; without memory it only counts.
class ScratchParts {
 public:
  explicit ScratchParts(void* memory) : memory_(static_cast<uint8_t*>(memory)) {}

  template <class T>
  T* Take(int64_t count) {
    T* part = memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + bytes_);
    bytes_ += (static_cast<size_t>(count) * sizeof(T) + kScratchAlignment - 1) / kScratchAlignment *
              kScratchAlignment;
    return part;
  }
  size_t bytes() const { return bytes_; }

 private:
  uint8_t* memory_;
  size_t bytes_ = 0;
};

class NonMaximumSuppression final : public Operator {
 public:
  explicit NonMaximumSuppression(const Attributes& attributes)
      : score_threshold_(FloatNotAbove(attributes.Number("scoreThreshold"))),
        iou_threshold_(FloatNotAbove(attributes.Number("iouThreshold"))),
        sigma_(static_cast<float>(attributes.Number("sigma"))),
        max_candidates_(attributes.Integer("maxCandidates")),
        is_class_agnostic_(attributes.Flag("classAgnostic")),
        decay_(DecayNamed(attributes.Text("method"))),
        classes_(ClassesNamed(attributes.Text("classes"))) {}

  size_t ScratchBytes(const OperatorMemory& memory) const override {
    NmsArguments arguments = Describe(memory);
    return PlaceScratch(arguments, Images(memory), nullptr);
  }

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    SuppressOnCpu(Describe(memory), Images(memory), workers);
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const int64_t images = Images(memory);
    NmsArguments arguments = Describe(memory);
    if (images == 0) return {};
    PlaceScratch(arguments, images, memory.scratch);
    std::vector<KernelLaunch> launches;
    const uint32_t all = static_cast<uint32_t>(images);
    launches.push_back(MakeLaunch("nms_begin", {BlocksFor(arguments.max_output, kNmsThreads), all},
                                  {kNmsThreads}, arguments));
    if (arguments.anchors * arguments.class_count == 0) return launches;
    AddCollect(launches, arguments, all);
    AddSort(launches, arguments, all);
    if (decay_ == NmsDecay::kNone) {
      AddChunks(launches, arguments, all);
    } else {
      launches.push_back(MakeLaunch("nms_soft", {all}, {kNmsSoftThreads}, arguments));
    }
    return launches;
  }

 private:
  static int64_t Images(const OperatorMemory& memory) { return memory.outputs[0].dims[0]; }

  void Check(const OperatorMemory& memory, int64_t anchors, int64_t class_count) const {
    constexpr const char* kName = "nonMaximumSuppression";
    const int64_t images = Images(memory), slots = images * memory.outputs.at(1).dims.at(1);
    RequireElementsOf<float>(memory.inputs[0], images * anchors * 4, kName);
    RequireElementsOf<float>(memory.inputs[1], images * anchors * class_count, kName);
    if (classes_ == NmsClasses::kGiven)
      RequireElementsOf<int32_t>(memory.inputs.at(2), images * anchors, kName);
    RequireElementsOf<float>(memory.outputs[0], slots * 4, kName);
    for (size_t i = 1; i < 4; i++) RequireElementsOf<int32_t>(memory.outputs.at(i), slots, kName);
    RequireElementsOf<int32_t>(memory.outputs.at(4), images, kName);
  }

  /// Everything but the scratch.
  NmsArguments Describe(const OperatorMemory& memory) const {
    const std::vector<int64_t>& dims = memory.inputs.at(1).dims;
    NmsArguments arguments{};
    arguments.anchors = dims.at(1);
    arguments.class_count = dims.size() > 2 ? dims[2] : 1;
    Check(memory, arguments.anchors, arguments.class_count);
    arguments.boxes = static_cast<const float*>(memory.inputs[0].data);
    arguments.scores = static_cast<const float*>(memory.inputs[1].data);
    if (classes_ == NmsClasses::kGiven)
      arguments.classes = static_cast<const int32_t*>(memory.inputs[2].data);
    arguments.out_boxes = static_cast<float*>(memory.outputs[0].data);
    arguments.out_scores = static_cast<float*>(memory.outputs[1].data);
    arguments.out_classes = static_cast<int32_t*>(memory.outputs[2].data);
    arguments.out_indices = static_cast<int32_t*>(memory.outputs[3].data);
    arguments.out_counts = static_cast<int32_t*>(memory.outputs[4].data);
    arguments.max_output = static_cast<int32_t>(memory.outputs[1].dims[1]);
    arguments.class_source = classes_;
    arguments.decay = decay_;
    arguments.is_class_agnostic = is_class_agnostic_ ? 1 : 0;
    arguments.score_threshold = score_threshold_;
    arguments.iou_threshold = iou_threshold_;
    arguments.sigma = sigma_;
    const int64_t possible = arguments.anchors * (classes_ == NmsClasses::kEach ? arguments.class_count : 1);
    if (possible > kMaxCandidateSpace) {
      throw Error("ERR_TRT_RUN_FAILED", "Too many candidates for non-maximum suppression.");
    }
    arguments.max_candidates = std::min(possible, max_candidates_);
    arguments.capacity = PowerOfTwoFrom(kNmsSortTile, possible);
    arguments.chunk = std::min(PowerOfTwoFrom(kNmsWord, arguments.max_candidates), kNmsChunk);
    return arguments;
  }

  size_t PlaceScratch(NmsArguments& arguments, int64_t images, void* memory) const {
    ScratchParts parts(memory);
    const bool is_hard = decay_ == NmsDecay::kNone;
    arguments.keys = parts.Take<uint64_t>(images * arguments.capacity);
    arguments.found = parts.Take<int32_t>(images);
    arguments.best_classes =
        parts.Take<int32_t>(classes_ == NmsClasses::kBest ? images * arguments.anchors : 0);
    arguments.removed = parts.Take<int32_t>(is_hard ? images * arguments.chunk : 0);
    arguments.overlaps =
        parts.Take<uint64_t>(is_hard ? images * arguments.chunk * (arguments.chunk / kNmsWord) : 0);
    arguments.decayed = parts.Take<float>(is_hard ? 0 : images * arguments.max_candidates);
    return parts.bytes();
  }

  void AddCollect(std::vector<KernelLaunch>& launches, const NmsArguments& arguments, uint32_t images) const {
    const bool is_best = classes_ == NmsClasses::kBest;
    const int64_t each = arguments.anchors * (classes_ == NmsClasses::kEach ? arguments.class_count : 1);
    launches.push_back(MakeLaunch(is_best ? "nms_collect_best" : "nms_collect",
                                  {BlocksFor(each, kNmsThreads), images}, {kNmsThreads}, arguments));
  }

  static void AddSort(std::vector<KernelLaunch>& launches, NmsArguments arguments, uint32_t images) {
    const Extent tiles{BlocksFor(arguments.capacity, kNmsSortTile), images};
    const Extent pairs{BlocksFor(arguments.capacity / 2, kNmsThreads), images};
    launches.push_back(MakeLaunch("nms_sort_tile", tiles, {kNmsThreads}, arguments));
    for (int64_t length = 2 * int64_t{kNmsSortTile}; length <= arguments.capacity; length *= 2) {
      arguments.sort_length = length;
      arguments.sort_distance = 0;
      launches.push_back(MakeLaunch("nms_sort_step", pairs, {kNmsThreads}, arguments));
      for (int64_t distance = length / 4; distance >= int64_t{kNmsSortTile}; distance /= 2) {
        arguments.sort_distance = distance;
        launches.push_back(MakeLaunch("nms_sort_step", pairs, {kNmsThreads}, arguments));
      }
      launches.push_back(MakeLaunch("nms_sort_merge", tiles, {kNmsThreads}, arguments));
    }
  }

  static void AddChunks(std::vector<KernelLaunch>& launches, NmsArguments arguments, uint32_t images) {
    const uint32_t words = static_cast<uint32_t>(arguments.chunk / kNmsWord);
    for (int64_t first = 0; first < arguments.max_candidates; first += arguments.chunk) {
      arguments.first = first;
      launches.push_back(MakeLaunch("nms_alive", {BlocksFor(arguments.chunk, kNmsThreads), images},
                                    {kNmsThreads}, arguments));
      launches.push_back(MakeLaunch("nms_overlaps", {words, words, images}, {kNmsWord}, arguments));
      launches.push_back(MakeLaunch("nms_scan", {images}, {kNmsWord}, arguments));
    }
  }

  float score_threshold_, iou_threshold_, sigma_;
  int64_t max_candidates_;
  bool is_class_agnostic_;
  NmsDecay decay_;
  NmsClasses classes_;
};

}  // namespace

std::unique_ptr<Operator> MakeNonMaximumSuppression(const Attributes& attributes) {
  return std::make_unique<NonMaximumSuppression>(attributes);
}

}  // namespace trtn::ops
