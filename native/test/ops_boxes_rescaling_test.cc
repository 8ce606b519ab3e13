// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "ops/element.h"
#include "ops/operator.h"
#include "test/support/emulate.h"

namespace trtn {
namespace {

using ops::Attributes;
using test::ExpectTwinEqualsKernels;
using test::HostTensor;

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
constexpr float kEndless = std::numeric_limits<float>::infinity();

std::vector<float> Rescale(int64_t coordinates, const std::vector<int64_t>& dims,
                           const std::vector<float>& values, const std::vector<float>& mappings) {
  const auto op = ops::MakeOperator("rescaleCoordinates",
                                    Attributes({{"coordinates", static_cast<double>(coordinates)}}));
  const HostTensor from(ElementType::kFloat32, dims, values, 4);
  const HostTensor rows(ElementType::kFloat32, {static_cast<int64_t>(mappings.size()) / 6, 6}, mappings, 4);
  const HostTensor to(ElementType::kFloat32, dims);
  ExpectTwinEqualsKernels(*op, {from.view(), rows.view()}, {to.view()});
  return to.Values<float>();
}

TEST(RescaleCoordinates, BoxesGoBackByTheirImageAndAreClipped) {
  const std::vector<float> values{100, 60, 200, 160, -5,        1000, kNone, kEndless,
                                  8,   8,  9,   9,   -kEndless, 0,    1,     2};
  const std::vector<float> mappings{0.5f, 0.25f, 10, 20, 300, 200, 2, 2, 0, 0, 4, 5};
  const std::vector<float> boxes = Rescale(4, {2, 2, 4}, values, mappings);
  EXPECT_EQ(std::vector<float>(boxes.begin(), boxes.begin() + 6),
            (std::vector<float>{180, 160, 300, 200, 0, 200}));
  EXPECT_TRUE(std::isnan(boxes[6]));
  EXPECT_EQ(std::vector<float>(boxes.begin() + 7, boxes.end()),
            (std::vector<float>{200, 4, 4, 4, 4.5f, 0, 0, 0.5f, 1}));
}

TEST(RescaleCoordinates, WhatFollowsThePointStays) {
  const std::vector<float> points{4, 6, 0.5f, 400, -6, -7};
  EXPECT_EQ(Rescale(2, {1, 2, 3}, points, {2, 2, 0, 0, 100, 100}),
            (std::vector<float>{2, 3, 0.5f, 100, 0, -7}));
}

TEST(RescaleCoordinates, TwinEqualsKernelsOverSizes) {
  for (const int64_t boxes : {0, 1, 63, 64, 65, 500}) {
    std::vector<float> values;
    for (int64_t at = 0; at < 3 * boxes * 4; at++) values.push_back(static_cast<float>(at * 37 % 701) - 20);
    std::vector<float> mappings;
    for (int image = 0; image < 3; image++)
      mappings.insert(mappings.end(), {0.7f, 1.3f, 11.5f, -3, 480, 333});
    Rescale(4, {3, boxes, 4}, values, mappings);
  }
}

// Which NaN a division gives differs between processors.
TEST(RescaleCoordinates, AScaleOf0GivesTheOneNan) {
  const std::vector<float> points = Rescale(2, {1, 1, 2}, {0, 3}, {0, kNone, 0, 0, 5, 5});
  EXPECT_EQ(ops::BitsOf(points[0]), ops::kQuietNan);
  EXPECT_EQ(ops::BitsOf(points[1]), ops::kQuietNan);
}

TEST(RescaleCoordinates, RefusesTensorsThatDoNotFit) {
  const auto run = [](const std::vector<int64_t>& from, int64_t rows, const std::vector<int64_t>& to,
                      ElementType type = ElementType::kFloat32) {
    const auto op = ops::MakeOperator("rescaleCoordinates", Attributes({{"coordinates", 4.0}}));
    const HostTensor values(type, from), mappings(ElementType::kFloat32, {rows, 6}),
        out(ElementType::kFloat32, to);
    ops::InlineWorkers workers;
    op->RunOnCpu({{values.view(), mappings.view()}, {out.view()}, nullptr, nullptr}, workers);
  };
  EXPECT_NO_THROW(run({2, 4}, 2, {2, 4}));
  EXPECT_NO_THROW(run({0, 4}, 1, {0, 4}));
  EXPECT_THROW(run({2, 4}, 2, {1, 4}), Error);
  EXPECT_THROW(run({2, 4}, 0, {2, 4}), Error);
  EXPECT_THROW(run({2, 4}, 3, {2, 4}), Error);
  // As many elements of a byte each: read as floats they end in other memory.
  EXPECT_THROW(run({2, 4}, 2, {2, 4}, ElementType::kInt8), Error);
}

struct MaskCase {
  int64_t masks, mask_height, mask_width, height, width;
};

template <class T>
std::vector<uint8_t> RescaleMasks(ElementType type, const MaskCase& size, const std::vector<float>& boxes,
                                  const std::vector<float>& mapping) {
  const auto op = ops::MakeOperator(
      "rescaleMasks",
      Attributes({{"modelWidth", 64.0}, {"modelHeight", 32.0}, {"threshold", 0.0}, {"inside", 255.0}}));
  std::vector<T> logits;
  for (int64_t at = 0; at < size.masks * size.mask_height * size.mask_width; at++) {
    logits.push_back(ops::FromFloat<T>(at % 29 == 5 ? kNone : static_cast<float>(at * 53 % 97) - 40));
  }
  const HostTensor from(type, {size.masks, size.mask_height, size.mask_width}, logits, sizeof(T));
  const HostTensor corners(ElementType::kFloat32, {size.masks, 4}, boxes, 4);
  const HostTensor row(ElementType::kFloat32, {1, 6}, mapping, 4);
  const HostTensor to(ElementType::kUInt8, {size.masks, size.height, size.width});
  ExpectTwinEqualsKernels(*op, {from.view(), corners.view(), row.view()}, {to.view()});
  return to.Values<uint8_t>();
}

TEST(RescaleMasks, TwinEqualsKernelsOverSizesTypesAndBoxes) {
  const std::vector<float> boxes{0, 0, 1000, 1000, 3.5f, 2.5f, 20,        9, kNone,    0, 9,     9, -5,    -5,
                                 0, 4, 7,    7,    7,    7,    -kEndless, 1, kEndless, 3, 1e30f, 0, 2e30f, 9};
  for (const MaskCase& size : {MaskCase{0, 4, 4, 5, 5}, MaskCase{7, 8, 16, 33, 47}, MaskCase{7, 1, 1, 3, 5},
                               MaskCase{7, 8, 16, 1, 1}, MaskCase{7, 3, 5, 40, 64}}) {
    const std::vector<float> used(boxes.begin(), boxes.begin() + size.masks * 4);
    const std::vector<float> mapping{
        0.8f, 1.1f, 3.5f, -2, static_cast<float>(size.width), static_cast<float>(size.height)};
    RescaleMasks<float>(ElementType::kFloat32, size, used, mapping);
    RescaleMasks<ops::Half>(ElementType::kFloat16, size, used, mapping);
    RescaleMasks<ops::BFloat16>(ElementType::kBFloat16, size, used, mapping);
  }
}

TEST(RescaleMasks, RefusesTensorsThatDoNotFit) {
  const auto run = [](int64_t boxes, int64_t rows, int64_t out_masks) {
    const auto op = ops::MakeOperator(
        "rescaleMasks",
        Attributes({{"modelWidth", 2.0}, {"modelHeight", 2.0}, {"threshold", 0.0}, {"inside", 1.0}}));
    const HostTensor logits(ElementType::kFloat32, {3, 2, 2}), corners(ElementType::kFloat32, {boxes, 4}),
        mapping(ElementType::kFloat32, {rows, 6}), out(ElementType::kUInt8, {out_masks, 5, 5});
    ops::InlineWorkers workers;
    op->RunOnCpu({{logits.view(), corners.view(), mapping.view()}, {out.view()}, nullptr, nullptr}, workers);
  };
  EXPECT_NO_THROW(run(3, 1, 3));
  EXPECT_THROW(run(2, 1, 3), Error);
  EXPECT_THROW(run(3, 0, 3), Error);
  EXPECT_THROW(run(3, 1, 2), Error);
}

TEST(RescaleMasks, OnlyPixelsOfTheBoxAreInside) {
  const auto op = ops::MakeOperator(
      "rescaleMasks",
      Attributes({{"modelWidth", 2.0}, {"modelHeight", 2.0}, {"threshold", 0.0}, {"inside", 1.0}}));
  const HostTensor logits(ElementType::kFloat32, {1, 1, 2}, std::vector<float>{-1, 1});
  const HostTensor box(ElementType::kFloat32, {1, 4}, std::vector<float>{0, 1, 7, 3});
  // Eight pixels over two logits: from the fifth on the second one weighs more.
  const HostTensor row(ElementType::kFloat32, {1, 6}, std::vector<float>{0.25f, 0.5f, 0, 0, 8, 4});
  const HostTensor masks(ElementType::kUInt8, {1, 4, 8});
  ExpectTwinEqualsKernels(*op, {logits.view(), box.view(), row.view()}, {masks.view()});
  const std::vector<uint8_t> line{0, 0, 0, 0, 1, 1, 1, 0};
  std::vector<uint8_t> expected(8);
  expected.insert(expected.end(), line.begin(), line.end());
  expected.insert(expected.end(), line.begin(), line.end());
  expected.resize(32);
  EXPECT_EQ(masks.Values<uint8_t>(), expected);
}

}  // namespace
}  // namespace trtn
