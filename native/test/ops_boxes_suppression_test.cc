// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "core/error.h"
#include "ops/operator.h"
#include "ops/workers.h"
#include "test/support/emulate.h"

namespace trtn {
namespace {

using ops::Attributes;
using test::ExpectTwinEqualsKernels;
using test::HostTensor;

constexpr float kNotANumber = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinite = std::numeric_limits<float>::infinity();

/// Numbers that are the same everywhere.
class Draw {
 public:
  explicit Draw(uint32_t seed) : state_(seed) {}
  /// From 0 to below 1.
  float Next() {
    state_ = state_ * 1664525u + 1013904223u;
    return static_cast<float>(state_ >> 8) / 16777216.0f;
  }

 private:
  uint32_t state_;
};

struct Settings {
  std::string method = "hard", classes = "none";
  double score = 0, iou = 0.5, sigma = 0.5;
  int64_t candidates = 30000, output = 50;
  bool is_agnostic = false;
};

std::unique_ptr<ops::Operator> Make(const Settings& settings) {
  return ops::MakeOperator("nonMaximumSuppression",
                           Attributes({{"method", settings.method},
                                       {"classes", settings.classes},
                                       {"scoreThreshold", settings.score},
                                       {"iouThreshold", settings.iou},
                                       {"sigma", settings.sigma},
                                       {"maxCandidates", static_cast<double>(settings.candidates)},
                                       {"classAgnostic", settings.is_agnostic}}));
}

/// Boxes that overlap often, [images, anchors, 4].
std::vector<float> DrawBoxes(int64_t count, float extent, Draw& draw) {
  std::vector<float> boxes;
  for (int64_t at = 0; at < count; at++) {
    const float x = draw.Next() * extent, y = draw.Next() * extent;
    boxes.insert(boxes.end(), {x, y, x + 5 + draw.Next() * 40, y + 5 + draw.Next() * 40});
  }
  return boxes;
}

std::vector<float> DrawScores(int64_t count, int levels, Draw& draw) {
  std::vector<float> scores;
  // Few different scores: many ties.
  for (int64_t at = 0; at < count; at++) scores.push_back(std::floor(draw.Next() * levels) / levels);
  return scores;
}

struct Results {
  std::vector<float> boxes, scores;
  std::vector<int32_t> classes, indices, counts;
};

/// The results of the twin, after the kernels have given the same.
Results Suppress(const Settings& settings, const std::vector<HostTensor>& inputs) {
  const int64_t images = inputs[0].view().dims[0];
  HostTensor boxes(ElementType::kFloat32, {images, settings.output, 4});
  HostTensor scores(ElementType::kFloat32, {images, settings.output});
  HostTensor classes(ElementType::kInt32, {images, settings.output});
  HostTensor indices(ElementType::kInt32, {images, settings.output});
  HostTensor counts(ElementType::kInt32, {images});
  std::vector<TensorView> views;
  for (const HostTensor& input : inputs) views.push_back(input.view());
  ExpectTwinEqualsKernels(*Make(settings), views,
                          {boxes.view(), scores.view(), classes.view(), indices.view(), counts.view()});
  return {boxes.Values<float>(), scores.Values<float>(), classes.Values<int32_t>(), indices.Values<int32_t>(),
          counts.Values<int32_t>()};
}

std::vector<HostTensor> Inputs(int64_t images, const std::vector<float>& boxes,
                               const std::vector<float>& scores, int64_t classes = 0) {
  const int64_t anchors = static_cast<int64_t>(boxes.size()) / 4 / images;
  std::vector<int64_t> dims{images, anchors};
  if (classes > 0) dims.push_back(classes);
  std::vector<HostTensor> inputs;
  // Aligned as a view into another tensor is.
  inputs.emplace_back(ElementType::kFloat32, std::vector<int64_t>{images, anchors, 4}, boxes, 4);
  inputs.emplace_back(ElementType::kFloat32, dims, scores, 4);
  return inputs;
}

std::vector<int32_t> FirstIndices(const Results& results) {
  return {results.indices.begin(), results.indices.begin() + results.counts[0]};
}

TEST(NonMaximumSuppression, TwinEqualsKernelsOverNumbersOfBoxes) {
  Draw draw(1);
  for (const int64_t anchors : {0, 1, 2, 63, 64, 65, 257, 1000}) {
    for (const double iou : {0.0, 0.3, 1.0}) {
      Settings settings;
      settings.iou = iou;
      const std::vector<float> boxes = DrawBoxes(2 * anchors, 200, draw);
      const std::vector<HostTensor> inputs = [&] {
        std::vector<HostTensor> made;
        made.emplace_back(ElementType::kFloat32, std::vector<int64_t>{2, anchors, 4}, boxes);
        made.emplace_back(ElementType::kFloat32, std::vector<int64_t>{2, anchors},
                          DrawScores(2 * anchors, 40, draw));
        return made;
      }();
      const Results results = Suppress(settings, inputs);
      EXPECT_LE(results.counts[0], std::min<int64_t>(anchors, 50));
      if (anchors > 2) {
        EXPECT_GT(results.counts[1], 0);
      }
    }
  }
}

TEST(NonMaximumSuppression, TwinEqualsKernelsAcrossTilesOfSortingAndChunks) {
  Draw draw(2);
  Settings settings;
  settings.score = 0.05;
  settings.output = 700;
  const Results results =
      Suppress(settings, Inputs(1, DrawBoxes(9000, 900, draw), DrawScores(9000, 5000, draw)));
  EXPECT_EQ(results.counts[0], 700);
  settings.output = 9000;
  const Results all =
      Suppress(settings, Inputs(1, DrawBoxes(9000, 3000, draw), DrawScores(9000, 5000, draw)));
  EXPECT_GT(all.counts[0], 3000) << "more than one chunk of candidates has results";
  EXPECT_LT(all.counts[0], 9000);
}

TEST(NonMaximumSuppression, TwinEqualsKernelsWithClasses) {
  Draw draw(3);
  for (const char* method : {"hard", "linear", "gaussian"}) {
    for (const bool is_agnostic : {false, true}) {
      for (const char* classes : {"best", "each"}) {
        Settings settings;
        settings.method = method;
        settings.classes = classes;
        settings.is_agnostic = is_agnostic;
        settings.score = 0.5;
        const Results results =
            Suppress(settings, Inputs(2, DrawBoxes(600, 150, draw), DrawScores(600 * 19, 50, draw), 19));
        EXPECT_GT(results.counts[0], 3);
        EXPECT_GT(*std::max_element(results.classes.begin(), results.classes.end()), 3);
      }
    }
  }
}

TEST(NonMaximumSuppression, TwinEqualsKernelsWithGivenClasses) {
  Draw draw(4);
  for (const char* method : {"hard", "gaussian"}) {
    Settings settings;
    settings.method = method;
    settings.classes = "given";
    std::vector<HostTensor> inputs = Inputs(1, DrawBoxes(300, 60, draw), DrawScores(300, 30, draw));
    std::vector<int32_t> classes(300);
    for (int32_t& label : classes) label = static_cast<int32_t>(draw.Next() * 3) * 1000000 - 1000000;
    inputs.emplace_back(ElementType::kInt32, std::vector<int64_t>{1, 300}, classes);
    const Results results = Suppress(settings, inputs);
    EXPECT_GT(results.counts[0], 10);
    EXPECT_NE(std::find(results.classes.begin(), results.classes.end(), -1000000), results.classes.end());
  }
}

TEST(NonMaximumSuppression, RefusesTensorsThatDoNotFit) {
  const auto run = [](int64_t boxes, int64_t scores, int64_t slots, int64_t counts) {
    const HostTensor corners(ElementType::kFloat32, {1, boxes, 4}),
        values(ElementType::kFloat32, {1, scores}), out(ElementType::kFloat32, {1, slots, 4}),
        out_scores(ElementType::kFloat32, {1, 5}), classes(ElementType::kInt32, {1, 5}),
        indices(ElementType::kInt32, {1, 5}), found(ElementType::kInt32, {counts});
    ops::InlineWorkers workers;
    Make({})->RunOnCpu({{corners.view(), values.view()},
                        {out.view(), out_scores.view(), classes.view(), indices.view(), found.view()},
                        nullptr,
                        nullptr},
                       workers);
  };
  EXPECT_NO_THROW(run(7, 7, 5, 1));
  EXPECT_THROW(run(6, 7, 5, 1), Error);
  EXPECT_THROW(run(7, 8, 5, 1), Error);
  EXPECT_THROW(run(7, 7, 4, 1), Error);
  EXPECT_THROW(run(7, 7, 5, 0), Error);
}

TEST(NonMaximumSuppression, EqualScoresGoByIndex) {
  const std::vector<float> boxes{50, 50, 60, 60, 0, 0, 10, 10, 1, 0, 11, 10, 20, 20, 30, 30};
  EXPECT_EQ(FirstIndices(Suppress({}, Inputs(1, boxes, {0.5f, 0.5f, 0.5f, 0.5f}))),
            (std::vector<int32_t>{0, 1, 3}));
  Settings settings;
  settings.method = "linear";
  EXPECT_EQ(FirstIndices(Suppress(settings, Inputs(1, boxes, {0.5f, 0.5f, 0.5f, 0.5f}))),
            (std::vector<int32_t>{0, 1, 3, 2}));
}

TEST(NonMaximumSuppression, ThresholdsAreExceededNotReached) {
  // Half of each other: an overlap of 1/3. The threshold is no float32; the next one below it is.
  const std::vector<float> boxes{0, 0, 10, 10, 0, 5, 10, 15};
  Settings settings;
  settings.score = 0.25;
  settings.iou = static_cast<double>(50.0f / 150.0f);
  EXPECT_EQ(FirstIndices(Suppress(settings, Inputs(1, boxes, {0.5f, 0.5f}))), (std::vector<int32_t>{0, 1}));
  settings.iou -= 1e-12;
  EXPECT_EQ(FirstIndices(Suppress(settings, Inputs(1, boxes, {0.5f, 0.5f}))), (std::vector<int32_t>{0}));
  EXPECT_EQ(FirstIndices(Suppress(settings, Inputs(1, boxes, {0.25f, 0.3f}))), (std::vector<int32_t>{1}));
  settings.score = 0.1;
  EXPECT_EQ(FirstIndices(Suppress(settings, Inputs(1, boxes, {0.1f, 0.05f}))), (std::vector<int32_t>{0}))
      << "the float32 nearest to 0.1 is above it";
}

TEST(NonMaximumSuppression, AllOfOnePlaceLeaveOne) {
  std::vector<float> boxes;
  for (int at = 0; at < 500; at++) boxes.insert(boxes.end(), {1, 2, 3, 4});
  Draw draw(5);
  const Results results = Suppress({}, Inputs(1, boxes, DrawScores(500, 100000, draw)));
  EXPECT_EQ(results.counts, (std::vector<int32_t>{1}));
  EXPECT_EQ(results.indices[1], -1);
  EXPECT_EQ(results.classes[1], -1);
  EXPECT_EQ(results.scores[1], 0.0f);
  EXPECT_EQ(results.boxes[4], 0.0f);
}

TEST(NonMaximumSuppression, NothingAboveTheThresholdLeavesNone) {
  Settings settings;
  settings.score = 1;
  EXPECT_EQ(Suppress(settings, Inputs(1, {0, 0, 1, 1, 5, 5, 6, 6}, {1.0f, 0.5f})).counts,
            (std::vector<int32_t>{0}));
}

TEST(NonMaximumSuppression, NotANumberIsDroppedAndInfinityOverlapsNone) {
  const float biggest = std::numeric_limits<float>::max();
  const std::vector<float> boxes{
      0,          0,          10,        10,                          // stays
      0,          0,          10,        kNotANumber,                 // dropped
      0,          0,          10,        10,                          // its score is dropped
      0,          0,          kInfinite, 10,                          // overlaps none
      -kInfinite, -kInfinite, kInfinite, kInfinite,   0,  0,  0, 0,   // no area
      5,          5,          5,         5,                           // no area, inside the first
      -biggest,   -biggest,   biggest,   biggest,     10, 10, 0, 0};  // corners swapped
  const std::vector<float> scores{0.9f, 0.99f, kNotANumber, 0.8f, 0.7f, 0.6f, 0.5f, kInfinite, 0.3f};
  for (const char* method : {"hard", "linear", "gaussian"}) {
    Settings settings;
    settings.method = method;
    settings.iou = 0;
    const std::vector<int32_t> kept = FirstIndices(Suppress(settings, Inputs(1, boxes, scores)));
    EXPECT_EQ(kept, (std::vector<int32_t>{7, 0, 3, 4, 5, 6, 8})) << method;
  }
}

TEST(NonMaximumSuppression, OnlyTheBestCandidatesAreLookedAt) {
  Draw draw(6);
  Settings settings;
  settings.candidates = 100;
  settings.output = 100;
  settings.iou = 1;
  const std::vector<float> scores = DrawScores(400, 50, draw);
  const std::vector<int32_t> kept =
      FirstIndices(Suppress(settings, Inputs(1, DrawBoxes(400, 900, draw), scores)));
  ASSERT_EQ(kept.size(), 100u);
  std::vector<int32_t> order(400);
  for (int32_t at = 0; at < 400; at++) order[at] = at;
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return scores[a] > scores[b]; });
  order.resize(100);
  EXPECT_EQ(kept, order);
}

TEST(NonMaximumSuppression, TwinTakesAHundredThousandCandidates) {
  Draw draw(7);
  Settings settings;
  settings.candidates = 100000;
  settings.classes = "given";
  const int64_t anchors = 100000, most = 100000;
  std::vector<HostTensor> inputs = Inputs(1, DrawBoxes(anchors, 1000, draw), DrawScores(anchors, 1000, draw));
  std::vector<int32_t> labels(anchors);
  for (int32_t& label : labels) label = static_cast<int32_t>(draw.Next() * 100);
  inputs.emplace_back(ElementType::kInt32, std::vector<int64_t>{1, anchors}, labels);
  HostTensor boxes(ElementType::kFloat32, {1, most, 4}), scores(ElementType::kFloat32, {1, most});
  HostTensor classes(ElementType::kInt32, {1, most}), indices(ElementType::kInt32, {1, most});
  HostTensor counts(ElementType::kInt32, {1});
  ops::OperatorMemory memory;
  memory.inputs = {inputs[0].view(), inputs[1].view(), inputs[2].view()};
  memory.outputs = {boxes.view(), scores.view(), classes.view(), indices.view(), counts.view()};
  const auto op = Make(settings);
  ops::InlineWorkers workers;
  op->RunOnCpu(memory, workers);
  const int32_t count = counts.Values<int32_t>()[0];
  EXPECT_GT(count, 30000);
  EXPECT_LT(count, 100000);
  const std::vector<float> kept = scores.Values<float>();
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.begin() + count, std::greater<float>()));
  EXPECT_LT(op->ScratchBytes(memory), size_t{8} << 20);
  EXPECT_LT(op->Launches(memory).size(), 100u);
}

}  // namespace
}  // namespace trtn
