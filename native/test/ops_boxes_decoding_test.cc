// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"
#include "ops/element.h"
#include "ops/exp_log.h"
#include "ops/operator.h"
#include "ops/workers.h"
#include "test/support/emulate.h"

namespace trtn {
namespace {

using ops::Attributes;
using test::ExpectTwinEqualsKernels;
using test::HostTensor;

struct Head {
  std::string form = "center";
  bool is_channels_first = false, objectness = false, sigmoid = false, best = false, cell_major = false;
  bool anchor_corners = true;
  int64_t background = 0, classes = 5;
  /// Width, height, stride, boxes of a cell; their sizes.
  std::vector<double> levels, anchors;
  std::vector<double> scale{1, 1}, variances{1, 1, 1, 1};

  int64_t first_class() const { return 4 + (objectness ? 1 : 0) + background; }
};

std::unique_ptr<ops::Operator> Make(const Head& head) {
  return ops::MakeOperator("decodeBoxes", Attributes({{"form", head.form},
                                                      {"channelsFirst", head.is_channels_first},
                                                      {"objectness", head.objectness},
                                                      {"sigmoid", head.sigmoid},
                                                      {"cellMajor", head.cell_major},
                                                      {"anchorCorners", head.anchor_corners},
                                                      {"firstClass", static_cast<double>(head.first_class())},
                                                      {"levels", head.levels},
                                                      {"anchors", head.anchors},
                                                      {"scale", head.scale},
                                                      {"variances", head.variances}}));
}

/// Values that repeat after a prime number of elements, with the extreme ones among them.
std::vector<float> Values(int64_t count, bool with_extremes) {
  const float extremes[] = {std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::max(),
                            std::numeric_limits<float>::denorm_min(),
                            -0.0f,
                            100.0f,
                            -100.0f};
  std::vector<float> values;
  for (int64_t at = 0; at < count; at++) {
    const bool is_extreme = with_extremes && at % 7 == 3;
    values.push_back(is_extreme ? extremes[at / 7 % 8]
                                : static_cast<float>((at * 7919) % 613) / 100.0f - 3.0f);
  }
  return values;
}

struct Decoded {
  std::vector<float> boxes, scores;
  std::vector<int32_t> classes;
};

Decoded Decode(const Head& head, const std::vector<HostTensor>& inputs) {
  const std::vector<int64_t> dims = inputs[0].view().dims;
  const int64_t images = dims[0], boxes = dims[head.is_channels_first ? 2 : 1];
  HostTensor corners(ElementType::kFloat32, {images, boxes, 4});
  HostTensor all(ElementType::kFloat32, {images, boxes, head.classes});
  HostTensor best(ElementType::kFloat32, {images, boxes}), classes(ElementType::kInt32, {images, boxes});
  std::vector<TensorView> views, outputs{corners.view(), all.view()};
  if (head.best) outputs = {corners.view(), best.view(), classes.view()};
  for (const HostTensor& input : inputs) views.push_back(input.view());
  ExpectTwinEqualsKernels(*Make(head), views, outputs);
  return {corners.Values<float>(), (head.best ? best : all).Values<float>(), classes.Values<int32_t>()};
}

HostTensor FloatHead(const Head& head, int64_t images, int64_t boxes, const std::vector<float>& values) {
  const int64_t channels = head.first_class() + head.classes;
  if (head.is_channels_first) return {ElementType::kFloat32, {images, channels, boxes}, values, 4};
  return {ElementType::kFloat32, {images, boxes, channels}, values, 4};
}

TEST(DecodeBoxes, TwinEqualsKernelsOverShapesAndLayouts) {
  for (const int64_t boxes : {0, 1, 255, 256, 257, 600}) {
    for (const int64_t classes : {1, 16, 17, 80}) {
      for (const int flags : {0, 1, 2, 3, 4, 7}) {
        Head head;
        head.classes = classes;
        head.is_channels_first = (flags & 1) != 0;
        head.best = (flags & 2) != 0;
        head.objectness = head.sigmoid = (flags & 4) != 0;
        const std::vector<float> values = Values(2 * boxes * (head.first_class() + classes), true);
        std::vector<HostTensor> inputs;
        inputs.push_back(FloatHead(head, 2, boxes, values));
        Decode(head, inputs);
      }
    }
  }
}

TEST(DecodeBoxes, TwinEqualsKernelsOfEveryForm) {
  for (const char* form : {"center", "corners", "yolov3", "yolov5", "yolox", "distances", "deltas"}) {
    for (const bool flag : {false, true}) {
      Head head;
      head.form = form;
      head.cell_major = head.anchor_corners = head.objectness = flag;
      head.background = flag ? 1 : 0;
      head.sigmoid = true;
      head.scale = {1.5, 0.75};
      head.variances = {0.1, 0.1, 0.2, 0.2};
      const bool has_anchors = head.form == "yolov3" || head.form == "yolov5";
      int64_t boxes = 330;
      if (head.form.rfind("yolo", 0) == 0 || head.form == "distances") {
        const double each = has_anchors ? 3 : 1;
        head.levels = {20, 10, 8, each, 10, 5, 16, each, 1, 3, 32, each};
        for (int at = 0; at < 9; at++) head.anchors.insert(head.anchors.end(), {10.0 + at, 20.0 - at});
        boxes = 253 * static_cast<int64_t>(each);
      }
      std::vector<HostTensor> inputs;
      inputs.push_back(FloatHead(head, 2, boxes, Values(2 * boxes * (head.first_class() + 5), true)));
      if (head.form == "deltas") {
        inputs.emplace_back(ElementType::kFloat32, std::vector<int64_t>{boxes, 4}, Values(boxes * 4, true));
      }
      Decode(head, inputs);
    }
  }
}

template <class T>
void ExpectSameOfType(ElementType type) {
  Head head;
  head.best = true;
  const std::vector<float> values = Values(300 * 9, true);
  std::vector<T> elements;
  for (const float value : values) elements.push_back(ops::FromFloat<T>(value));
  std::vector<HostTensor> inputs;
  inputs.emplace_back(type, std::vector<int64_t>{1, 300, 9}, elements, sizeof(T));
  const Decoded decoded = Decode(head, inputs);
  EXPECT_EQ(decoded.boxes[0], ops::ToFloat(elements[0]) - ops::ToFloat(elements[2]) * 0.5f);
}

TEST(DecodeBoxes, TwinEqualsKernelsOfShortFloats) {
  ExpectSameOfType<ops::Half>(ElementType::kFloat16);
  ExpectSameOfType<ops::BFloat16>(ElementType::kBFloat16);
}

TEST(DecodeBoxes, CellsAreCountedInTheOrderAsked) {
  Head head;
  head.form = "yolov5";
  head.levels = {2, 1, 8, 2, 1, 1, 16, 2};
  head.anchors = {4, 6, 10, 20, 30, 40, 50, 60};
  head.classes = 1;
  std::vector<HostTensor> inputs;
  // All zero: the logistic function gives 1/2, boxes as large as their anchors in the middle of their cells.
  inputs.push_back(FloatHead(head, 1, 6, std::vector<float>(6 * 5)));
  const std::vector<float> outer = Decode(head, inputs).boxes;
  EXPECT_EQ(std::vector<float>(outer.begin() + 4, outer.begin() + 12),
            (std::vector<float>{10, 1, 14, 7, -1, -6, 9, 14}));
  EXPECT_EQ(std::vector<float>(outer.begin() + 20, outer.end()), (std::vector<float>{-17, -22, 33, 38}));
  head.cell_major = true;
  const std::vector<float> inner = Decode(head, inputs).boxes;
  EXPECT_EQ(std::vector<float>(inner.begin() + 4, inner.begin() + 12),
            (std::vector<float>{-1, -6, 9, 14, 10, 1, 14, 7}));
}

TEST(DecodeBoxes, TheBestClassIsTheFirstOfEqualNumbersAndNotNaN) {
  Head head;
  head.best = true;
  head.classes = 4;
  const float none = std::numeric_limits<float>::quiet_NaN();
  std::vector<HostTensor> inputs;
  inputs.push_back(
      FloatHead(head, 1, 3, {0,    0,  1,    1,  0.25f, 0.5f, 0.5f, 0.125f, 0,    0,    1,    1,
                             none, -2, none, -3, 0,     0,    1,    1,      none, none, none, none}));
  const Decoded decoded = Decode(head, inputs);
  EXPECT_EQ(decoded.classes, (std::vector<int32_t>{1, 1, 0}));
  EXPECT_EQ(decoded.scores[0], 0.5f);
  EXPECT_EQ(decoded.scores[1], -2.0f);
  EXPECT_TRUE(std::isnan(decoded.scores[2]));
}

TEST(DecodeBoxes, RefusesTensorsThatDoNotFit) {
  const auto run = [](const std::string& form, int64_t anchors, int64_t boxes, int64_t classes) {
    Head head;
    head.form = form;
    const HostTensor values(ElementType::kFloat32, {2, 3, 9}), sizes(ElementType::kFloat32, {anchors, 4}),
        corners(ElementType::kFloat32, {2, boxes, 4}), scores(ElementType::kFloat32, {2, 3, classes});
    ops::InlineWorkers workers;
    Make(head)->RunOnCpu({{values.view(), sizes.view()}, {corners.view(), scores.view()}, nullptr, nullptr},
                         workers);
  };
  EXPECT_NO_THROW(run("deltas", 3, 3, 5));
  EXPECT_THROW(run("deltas", 2, 3, 5), Error);
  EXPECT_THROW(run("center", 3, 2, 5), Error);
  EXPECT_THROW(run("center", 3, 3, 4), Error);
}

TEST(DecodeBoxes, WidthsOfDeltasAreBounded) {
  Head head;
  head.form = "deltas";
  head.classes = 1;
  std::vector<HostTensor> inputs;
  inputs.push_back(FloatHead(head, 1, 1, {0, 0, 1000, std::numeric_limits<float>::infinity(), 1}));
  inputs.emplace_back(ElementType::kFloat32, std::vector<int64_t>{1, 4}, std::vector<float>{0, 0, 2, 4});
  const std::vector<float> box = Decode(head, inputs).boxes;
  EXPECT_NEAR(box[2] - box[0], 125, 1e-3);
  EXPECT_NEAR(box[3] - box[1], 250, 1e-3);
}

}  // namespace
}  // namespace trtn
